// A ledger in its own process, controlled over IPC.
import { writeSync } from "node:fs";

import { relayLogger } from "../../src/core/log.ts";
import { Ledger } from "../../src/ledger/writer/ledger.ts";
import type { Command, CommandResult } from "./ledger-process.ts";
import { appendAll } from "./fixture.ts";

let ledger: Ledger | undefined;
const log: CommandResult["log"] = [];

function execute(command: Command): string | undefined {
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

/** Appends batch after batch, and writes the number of appended records to stdout, synchronously. */
function run(from = 0): void {
  if (ledger) appendAll(ledger, from, 64);
  writeSync(1, `${from + 64}\n`);
  setImmediate(run, from + 64);
}

// Only `ledger-process.ts` sends messages.
process.on("message", (command: Command) => {
  const error = execute(command);
  const result: CommandResult = { error, status: ledger?.status(), log };
  process.send?.(result);
});
process.on("disconnect", () => process.exit(0));
