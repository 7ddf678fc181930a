import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { appendAll, linesIn, linesInAll, numbers, record, rotatedNames, workplace } from "./fixture.ts";

test("R59: rotated files hold every record once, in order, in whole lines, none over the limit", (t) => {
  const place = workplace(t);
  const rotateBytes = 20_000;
  const ledger = place.open({ rotateBytes });
  for (let n = 0; n < 2_000; n += 40) appendAll(ledger, n, 40);
  const names = [...rotatedNames(place.dir), "stats.jsonl"];
  assert.ok(names.length > 10, `only ${names.length} files`);
  assert.equal(ledger.status().rotations, names.length - 1);
  assert.deepEqual(
    linesInAll(place.dir, names).map(({ n }) => n),
    numbers(0, 2_000),
  );
  for (const name of names) assert.ok(statSync(join(place.dir, name)).size <= rotateBytes, name);
});

test("R59: rotations within one millisecond get names of their own that sort in order", (t) => {
  const place = workplace(t);
  const now = Date.UTC(2026, 10, 23, 15, 45, 30, 998);
  const ledger = place.open({ rotateBytes: 100, now: () => now });
  for (let n = 0; n < 6; n += 1) appendAll(ledger, n, 1);
  const names = rotatedNames(place.dir);
  assert.deepEqual(names, [
    "stats-20261123T154530.998Z.jsonl",
    "stats-20261123T154530.999Z.jsonl",
    "stats-20261123T154531.000Z.jsonl",
    "stats-20261123T154531.001Z.jsonl",
    "stats-20261123T154531.002Z.jsonl",
  ]);
  assert.deepEqual(
    linesInAll(place.dir, [...names, "stats.jsonl"]).map(({ n }) => n),
    numbers(0, 6),
  );
});

test("R59: a file that has the name already is not overwritten", (t) => {
  const place = workplace(t);
  const now = Date.UTC(2026, 10, 23, 15, 45, 30, 1);
  writeFileSync(join(place.dir, "stats-20261123T154530.001Z.jsonl"), '{"n":-1}\n');
  const ledger = place.open({ rotateBytes: 100, now: () => now });
  appendAll(ledger, 0, 1);
  appendAll(ledger, 1, 1);
  assert.deepEqual(
    linesInAll(place.dir, rotatedNames(place.dir)).map(({ n }) => n),
    [-1, 0],
  );
});

test("a backlog larger than the limit is spread over several files", (t) => {
  const place = workplace(t);
  const ledger = place.open({ rotateBytes: 300_000 });
  appendAll(ledger, 0, 10_000);
  const names = [...rotatedNames(place.dir), "stats.jsonl"];
  for (const name of names) assert.ok(statSync(join(place.dir, name)).size <= 300_000, name);
  assert.equal(linesInAll(place.dir, names).length, 10_000);
});

test("a record larger than the limit has a file to itself", (t) => {
  const place = workplace(t);
  const ledger = place.open({ rotateBytes: 1_000 });
  appendAll(ledger, 0, 1);
  ledger.append(JSON.stringify({ n: 1, text: "x".repeat(5_000) }));
  ledger.flush();
  ledger.append(record(2));
  ledger.flush();
  const files = [...rotatedNames(place.dir), "stats.jsonl"].map((name) => linesIn(join(place.dir, name)));
  assert.deepEqual(
    files.map((lines) => lines.map(({ n }) => n)),
    [[0], [1], [2]],
  );
});
