import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { appendAll, linesIn, linesInAll, numbers, record, rotatedNames, ledgerFixture } from "./fixture.ts";

test("R59: rotated files contain every record once, in order and in whole lines, and none exceeds the limit", (t) => {
  const fixture = ledgerFixture(t);
  const rotateBytes = 20_000;
  const ledger = fixture.open({ rotateBytes });
  for (let n = 0; n < 2_000; n += 40) appendAll(ledger, n, 40);
  const names = [...rotatedNames(fixture.dir), "stats.jsonl"];
  assert.ok(names.length > 10, `expected more than 10 files, got ${names.length}`);
  assert.equal(ledger.status().rotations, names.length - 1);
  assert.deepEqual(
    linesInAll(fixture.dir, names).map(({ n }) => n),
    numbers(0, 2_000),
  );
  for (const name of names) assert.ok(statSync(join(fixture.dir, name)).size <= rotateBytes, name);
});

test("R59: rotations within one millisecond get different names that sort in order", (t) => {
  const fixture = ledgerFixture(t);
  const now = Date.UTC(2026, 10, 23, 15, 45, 30, 998);
  // Each record is larger than the limit.
  const ledger = fixture.open({ rotateBytes: 100, now: () => now });
  for (let n = 0; n < 6; n += 1) appendAll(ledger, n, 1);
  const names = rotatedNames(fixture.dir);
  assert.deepEqual(names, [
    "stats-20261123T154530.998Z.jsonl",
    "stats-20261123T154530.999Z.jsonl",
    "stats-20261123T154531.000Z.jsonl",
    "stats-20261123T154531.001Z.jsonl",
    "stats-20261123T154531.002Z.jsonl",
  ]);
  assert.deepEqual(
    linesInAll(fixture.dir, [...names, "stats.jsonl"]).map(({ n }) => n),
    numbers(0, 6),
  );
});

test("R59: an existing file with the same name is not overwritten", (t) => {
  const fixture = ledgerFixture(t);
  const now = Date.UTC(2026, 10, 23, 15, 45, 30, 1);
  writeFileSync(join(fixture.dir, "stats-20261123T154530.001Z.jsonl"), '{"n":-1}\n');
  const ledger = fixture.open({ rotateBytes: 100, now: () => now });
  appendAll(ledger, 0, 1);
  appendAll(ledger, 1, 1);
  assert.deepEqual(
    linesInAll(fixture.dir, rotatedNames(fixture.dir)).map(({ n }) => n),
    [-1, 0],
  );
});

test("one flush larger than the limit is written to several files", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open({ rotateBytes: 300_000 });
  appendAll(ledger, 0, 10_000);
  const names = [...rotatedNames(fixture.dir), "stats.jsonl"];
  for (const name of names) assert.ok(statSync(join(fixture.dir, name)).size <= 300_000, name);
  assert.deepEqual(
    linesInAll(fixture.dir, names).map(({ n }) => n),
    numbers(0, 10_000),
  );
});

test("a record larger than the limit gets its own file", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open({ rotateBytes: 1_000 });
  appendAll(ledger, 0, 1);
  ledger.append(JSON.stringify({ n: 1, text: "x".repeat(5_000) }));
  ledger.flush();
  ledger.append(record(2));
  ledger.flush();
  const files = [...rotatedNames(fixture.dir), "stats.jsonl"].map((name) => linesIn(join(fixture.dir, name)));
  assert.deepEqual(
    files.map((lines) => lines.map(({ n }) => n)),
    [[0], [1], [2]],
  );
});
