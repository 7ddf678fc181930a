import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { appendAll, linesIn, linesOf, numbers, record, ledgerFixture } from "./fixture.ts";

test("each record becomes one line, with its instance and a sequence number from 1", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open({ instance: "boot-7" });
  appendAll(ledger, 0, 3);
  const lines = linesIn(fixture.path);
  assert.deepEqual(
    lines.map(({ n, instance, seq }) => ({ n, instance, seq })),
    numbers(0, 3).map((n) => ({ n, instance: "boot-7", seq: n + 1 })),
  );
  assert.equal(
    readFileSync(fixture.path, "utf8").split("\n")[0],
    `${record(0).slice(0, -1)},"instance":"boot-7","seq":1}`,
  );
});

test("flush writes everything to the operating system before it returns", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open();
  ledger.append(record(0));
  assert.equal(ledger.status().queued, 1);
  ledger.flush();
  assert.equal(linesIn(fixture.path).length, 1);
  const { written, queued, degraded, lastWriteAt } = ledger.status();
  assert.deepEqual({ written, queued, degraded }, { written: 1, queued: 0, degraded: false });
  assert.ok(lastWriteAt);
});

test("a new file gets the configured mode, whatever the umask", (t) => {
  const fixture = ledgerFixture(t);
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  fixture.open({ fileMode: 0o644 });
  assert.equal(statSync(fixture.path).mode & 0o777, 0o644);
});

test("an existing file is continued", (t) => {
  const fixture = ledgerFixture(t);
  writeFileSync(fixture.path, '{"n":-1,"instance":"old","seq":9}\n');
  appendAll(fixture.open(), 0, 1);
  assert.deepEqual(
    linesIn(fixture.path).map(({ n }) => n),
    [-1, 0],
  );
});

test("closing writes records that were not flushed, and closing again does nothing", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open();
  ledger.append(record(0));
  ledger.close();
  ledger.close();
  assert.equal(linesIn(fixture.path).length, 1);
});

test("a record appended after closing is counted as dropped", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open();
  ledger.close();
  appendAll(ledger, 0, 1);
  assert.equal(ledger.status().dropped, 1);
});

test("a missing directory is created", (t) => {
  const fixture = ledgerFixture(t);
  const path = `${fixture.dir}/a/b/stats.jsonl`;
  appendAll(fixture.open({ path }), 0, 1);
  assert.equal(linesIn(path).length, 1);
});

test("R68: any record becomes one line of valid UTF-8", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open();
  const models = [
    "m".repeat(1_000_000),
    "\ud800",
    "\udc00\u2028\u2029",
    "\u0000\u001b]0;\u0007",
    "é漢🙂",
    '\n{"id":"fake"}\r',
  ];
  for (const model of models) ledger.append(JSON.stringify({ model }));
  ledger.append('{\n  "model": "pretty"\r\n}\n');
  ledger.append('{"model":"raw \ud800 surrogate"}');
  ledger.flush();
  const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(fixture.path));
  const found = linesOf(text).map((line) => Object.values<unknown>({ ...line })[0]);
  assert.deepEqual(found, [...models, "pretty", "raw \ufffd surrogate"]);
});

test("lines longer than a batch are written as a whole", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open();
  for (const n of numbers(0, 4)) ledger.append(JSON.stringify({ n, text: "漢".repeat(200_000) }));
  ledger.flush();
  assert.deepEqual(
    linesIn(fixture.path).map(({ n }) => n),
    numbers(0, 4),
  );
});
