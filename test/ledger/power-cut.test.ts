// A power cut without the hardware: every state that a crash may leave, made from a trace of the writer.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Ledger } from "../../src/ledger/writer/ledger.ts";
import { Child } from "./child.ts";
import { FileModel, fileCalls, TRACE, type FileCall } from "./traced-files.ts";
import { linesIn, record, unlessWorks, until, workplace, silentLog } from "./fixture.ts";

const isStats = (name: string): boolean => /^stats.*\.jsonl$/.test(name);

/** What must be there however the machine went down: whole lines that were synced. */
function wholeLines(files: ReadonlyMap<string, Buffer>): Set<string> {
  const lines = new Set<string>();
  for (const [name, content] of files) {
    if (!isStats(name)) continue;
    const text = content.toString();
    for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
      if (line.startsWith("{")) lines.add(line);
    }
  }
  return lines;
}

test(
  "R64: from every state that a crash may leave, the next start goes on with all that was whole and synced",
  { skip: unlessWorks("strace", "-o", "/dev/null", "true") },
  async (t) => {
    const place = workplace(t);
    const written = join(place.dir, "written");
    mkdirSync(written);
    const trace = join(place.dir, "trace");
    const child = new Child(t, ["strace", "-o", trace, ...TRACE]);
    await child.open({ path: join(written, "stats.jsonl"), flushIntervalMs: 40, rotateBytes: 4_000 });
    for (let batch = 0; batch < 12; batch++) {
      await child.ask({ kind: "append", from: batch * 4, count: 4 });
      const syncs = (): number => readFileSync(trace, "utf8").split("fdatasync(").length;
      const before = syncs();
      if (batch % 3 === 0) await until("it is synced", () => syncs() > before);
    }
    await child.ask({ kind: "close" });
    await child.stop();
    const calls = fileCalls(trace, written);
    assert.ok(calls.filter(({ kind }) => kind === "rename").length >= 2, "it rotated");

    let states = 0;
    const check = (files: ReadonlyMap<string, Buffer>, kept: ReadonlySet<string>): void => {
      states++;
      goOn(join(place.dir, "state"), files, kept);
    };
    const model = new FileModel();
    for (const call of calls) {
      for (const half of halves(call)) {
        const torn = new Map(model.killed);
        torn.set(half.name, Buffer.concat([torn.get(half.name) ?? Buffer.alloc(0), half.bytes]));
        check(torn, wholeLines(torn));
      }
      model.apply(call);
      check(model.killed, wholeLines(model.killed));
      for (const rest of ["gone", "zeros"] as const) check(model.powerCut(rest), wholeLines(model.powerCut("gone")));
    }
    assert.ok(states > 100, `${states} states`);
    t.diagnostic(`${calls.length} calls, ${states} states`);
  },
);

/** A write that was cut short. */
function halves(call: FileCall): readonly Extract<FileCall, { kind: "write" }>[] {
  if (call.kind !== "write" || call.name.includes(".lock")) return [];
  const { length } = call.bytes;
  return [1, length >> 1, length - 1].map((end) => ({ ...call, bytes: call.bytes.subarray(0, end) }));
}

function goOn(directory: string, files: ReadonlyMap<string, Buffer>, kept: ReadonlySet<string>): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [name, content] of files) writeFileSync(join(directory, name), content);
  const ledger = Ledger.open({
    path: join(directory, "stats.jsonl"),
    flushIntervalMs: 60_000,
    rotateBytes: 4_000,
    fileMode: 0o640,
    maxQueueBytes: 1_000_000,
    instance: "next",
    // A lock that is empty says nothing of its holder, and is waited for until it is old.
    now: () => Date.now() + 60_000,
    log: silentLog,
  });
  ledger.append(record(-1));
  ledger.flush();
  ledger.close();
  const names = readdirSync(directory).filter(isStats);
  const found = new Set(names.flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n")));
  for (const line of kept) assert.ok(found.has(line), `lost: ${line.slice(0, 60)}`);
  const last = linesIn(join(directory, "stats.jsonl")).at(-1);
  assert.deepEqual([last?.n, last?.instance, last?.seq], [-1, "next", 1]);
  for (const name of names) linesIn(join(directory, name));
}
