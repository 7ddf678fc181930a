// Simulates power cuts: derives every state of the files that a crash may leave from a trace of the writer.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Ledger } from "../../src/ledger/writer/ledger.ts";
import { LedgerProcess } from "./ledger-process.ts";
import { FileModel, fileOperations, TRACE, type FileOperation } from "./traced-files.ts";
import { linesIn, record, unlessWorks, until, ledgerFixture, silentLog } from "./fixture.ts";

const isStats = (name: string): boolean => /^stats.*\.jsonl$/.test(name);

/** The whole records in these files, which the next start must keep. */
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
  "R64: from every state that a crash may leave, the next start keeps every whole and synced record",
  { skip: unlessWorks("strace", "-o", "/dev/null", "true") },
  async (t) => {
    const fixture = ledgerFixture(t);
    const written = join(fixture.dir, "written");
    mkdirSync(written);
    const trace = join(fixture.dir, "trace");
    const child = new LedgerProcess(t, ["strace", "-o", trace, ...TRACE]);
    await child.open({ path: join(written, "stats.jsonl"), flushIntervalMs: 40, rotateBytes: 4_000 });
    for (let batch = 0; batch < 12; batch++) {
      await child.send({ kind: "append", from: batch * 4, count: 4 });
      const syncs = (): number => readFileSync(trace, "utf8").split("fdatasync(").length;
      const before = syncs();
      if (batch % 3 === 0) await until("it is synced", () => syncs() > before);
    }
    await child.send({ kind: "close" });
    await child.stop();
    const operations = fileOperations(trace, written);
    assert.ok(operations.filter(({ kind }) => kind === "rename").length >= 2, "it rotated");

    let states = 0;
    const check = (files: ReadonlyMap<string, Buffer>, kept: ReadonlySet<string>): void => {
      states++;
      restart(join(fixture.dir, "state"), files, kept);
    };
    const model = new FileModel();
    for (const operation of operations) {
      for (const tornWrite of tornWrites(operation)) {
        const torn = new Map(model.killed);
        torn.set(tornWrite.name, Buffer.concat([torn.get(tornWrite.name) ?? Buffer.alloc(0), tornWrite.bytes]));
        check(torn, wholeLines(torn));
      }
      model.apply(operation);
      check(model.killed, wholeLines(model.killed));
      for (const rest of ["gone", "zeros"] as const) check(model.powerCut(rest), wholeLines(model.powerCut("gone")));
    }
    assert.ok(states > 100, `${states} states`);
    t.diagnostic(`${operations.length} operations, ${states} states`);
  },
);

/** The write cut off at several places. */
function tornWrites(operation: FileOperation): readonly Extract<FileOperation, { kind: "write" }>[] {
  if (operation.kind !== "write" || operation.name.includes(".lock")) return [];
  const { length } = operation.bytes;
  return [1, length >> 1, length - 1].map((end) => ({ ...operation, bytes: operation.bytes.subarray(0, end) }));
}

function restart(directory: string, files: ReadonlyMap<string, Buffer>, kept: ReadonlySet<string>): void {
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
    // An empty lock does not identify its holder, so it counts by its age.
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
