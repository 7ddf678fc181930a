import assert from "node:assert/strict";
import { test } from "node:test";
import { recordOnLine } from "./record-line.ts";

const LINE = '{"timestamp":"2026-01-02T03:04:05.678Z","provider":"openai","status":200}';

test("a line that a gateway wrote is a record", () => {
  assert.equal(recordOnLine(LINE)?.provider, "openai");
});

test("a line that is cut short anywhere is none", () => {
  for (let length = 0; length < LINE.length; length++) assert.equal(recordOnLine(LINE.slice(0, length)), undefined);
});

test("JSON of others is none", () => {
  for (const line of ["null", "7", "[]", '"provider"', '{"timestamp":1}']) {
    assert.equal(recordOnLine(line), undefined, line);
  }
});
