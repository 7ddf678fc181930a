import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Child } from "./child.ts";
import { appendAll, linesIn, linesInAll, numbers, until, workplace } from "./fixture.ts";

test("R56: a deleted file is begun anew by the next batch, which is in it", (t) => {
  const place = workplace(t);
  const ledger = place.open();
  appendAll(ledger, 0, 5);
  rmSync(place.path);
  appendAll(ledger, 5, 5);
  assert.deepEqual(
    linesIn(place.path).map(({ n }) => n),
    numbers(5, 10),
  );
});

test("R56: a deleted file is begun anew although nothing is written", async (t) => {
  const place = workplace(t);
  appendAll(place.open(), 0, 5);
  rmSync(place.path);
  await until("the file is there again", () => existsSync(place.path));
  assert.equal(readFileSync(place.path, "utf8"), "");
});

test("a deleted directory is made anew, with file and lock", async (t) => {
  const place = workplace(t);
  const dir = join(place.dir, "data");
  const path = join(dir, "stats.jsonl");
  const ledger = place.open({ path });
  rmSync(dir, { recursive: true });
  await until("the file is there again", () => existsSync(path));
  appendAll(ledger, 0, 1);
  assert.equal(linesIn(path).length, 1);
  assert.ok(existsSync(`${path}.lock`));
});

test("R57: a file moved away twenty times while records arrive loses none of them", async (t) => {
  const place = workplace(t);
  const child = new Child(t);
  await child.open({ path: place.path });
  await child.ask({ kind: "run" });
  const moved: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    await until("the file has grown", () => existsSync(place.path) && readFileSync(place.path).length > 0);
    const name = `moved-${n}.jsonl`;
    renameSync(place.path, join(place.dir, name));
    moved.push(name);
  }
  await child.ask({ kind: "close" });
  await child.stop();
  const seqs = linesInAll(place.dir, [...moved, "stats.jsonl"]).map(({ seq }) => seq);
  assert.ok(seqs.length > 0);
  assert.deepEqual(seqs, numbers(1, seqs.length + 1));
});

test("R58: copying and truncating leaves whole lines, no holes, and a right idea of the size", (t) => {
  const place = workplace(t);
  const ledger = place.open({ rotateBytes: 10_000 });
  const copies: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    appendAll(ledger, n * 30, 30);
    copyFileSync(place.path, join(place.dir, `copy-${n}`));
    truncateSync(place.path);
    copies.push(`copy-${n}`);
  }
  appendAll(ledger, 150, 10);
  assert.ok(!readFileSync(place.path).includes(0), "a hole reads as NUL bytes");
  assert.deepEqual(
    linesInAll(place.dir, [...copies, "stats.jsonl"]).map(({ n }) => n),
    numbers(0, 160),
  );
  assert.equal(ledger.status().rotations, 0);
});
