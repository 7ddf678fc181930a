import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { LedgerProcess } from "./ledger-process.ts";
import { appendAll, linesIn, linesInAll, numbers, until, ledgerFixture } from "./fixture.ts";

test("R56: the next batch creates a deleted file again and is in it", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open();
  appendAll(ledger, 0, 5);
  rmSync(fixture.path);
  appendAll(ledger, 5, 5);
  assert.deepEqual(
    linesIn(fixture.path).map(({ n }) => n),
    numbers(5, 10),
  );
});

test("R56: a deleted file is created again although no record arrives", async (t) => {
  const fixture = ledgerFixture(t);
  appendAll(fixture.open(), 0, 5);
  rmSync(fixture.path);
  await until("the file is there again", () => existsSync(fixture.path));
  assert.equal(readFileSync(fixture.path, "utf8"), "");
});

test("a deleted directory is created again, with file and lock", async (t) => {
  const fixture = ledgerFixture(t);
  const dir = join(fixture.dir, "data");
  const path = join(dir, "stats.jsonl");
  const ledger = fixture.open({ path });
  rmSync(dir, { recursive: true });
  await until("the file is there again", () => existsSync(path));
  appendAll(ledger, 0, 1);
  assert.equal(linesIn(path).length, 1);
  assert.ok(existsSync(`${path}.lock`));
});

test("R57: moving the file away twenty times while records arrive loses none of them", async (t) => {
  const fixture = ledgerFixture(t);
  const child = new LedgerProcess(t);
  await child.open({ path: fixture.path });
  await child.send({ kind: "run" });
  const moved: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    await until("the file has grown", () => existsSync(fixture.path) && readFileSync(fixture.path).length > 0);
    const name = `moved-${n}.jsonl`;
    renameSync(fixture.path, join(fixture.dir, name));
    moved.push(name);
  }
  await child.send({ kind: "close" });
  await child.stop();
  const seqs = linesInAll(fixture.dir, [...moved, "stats.jsonl"]).map(({ seq }) => seq);
  assert.ok(seqs.length > 0);
  assert.deepEqual(seqs, numbers(1, seqs.length + 1));
});

test("R58: copying and truncating leaves whole lines without NUL bytes, and the size is tracked correctly", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open({ rotateBytes: 10_000 });
  const copies: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    appendAll(ledger, n * 30, 30);
    copyFileSync(fixture.path, join(fixture.dir, `copy-${n}`));
    truncateSync(fixture.path);
    copies.push(`copy-${n}`);
  }
  appendAll(ledger, 150, 10);
  assert.ok(!readFileSync(fixture.path).includes(0), "a sparse region reads as NUL bytes");
  assert.deepEqual(
    linesInAll(fixture.dir, [...copies, "stats.jsonl"]).map(({ n }) => n),
    numbers(0, 160),
  );
  assert.equal(ledger.status().rotations, 0);
});
