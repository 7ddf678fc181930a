// A ledger in a process of its own, told what to do over IPC.
import { writeSync } from "node:fs";

import { relayLogger } from "../../src/core/log.ts";
import { Ledger } from "../../src/ledger/writer/ledger.ts";
import type { Command, Reply } from "./child.ts";
import { appendAll } from "./fixture.ts";

let ledger: Ledger | undefined;
const log: Reply["log"] = [];

function obey(command: Command): string | undefined {
  switch (command.kind) {
    case "open":
      try {
        ledger = Ledger.open({
          ...command.options,
          now: Date.now,
          log: relayLogger(({ level, message }) => log.push({ level, message })),
        });
        return undefined;
      } catch (error) {
        return String(error);
      }
    case "append":
      if (ledger) appendAll(ledger, command.from, command.count);
      return undefined;
    case "run":
      run();
      return undefined;
    case "status":
      return undefined;
    case "close":
      ledger?.close();
      return undefined;
  }
}

/** Appends batch after batch; says on stdout, synchronously, how many records have been handed over. */
function run(from = 0): void {
  if (ledger) appendAll(ledger, from, 64);
  writeSync(1, `${from + 64}\n`);
  setImmediate(run, from + 64);
}

// Sent by `child.ts` alone.
process.on("message", (command: Command) => {
  const error = obey(command);
  const reply: Reply = { error, status: ledger?.status(), log };
  process.send?.(reply);
});
process.on("disconnect", () => process.exit(0));
