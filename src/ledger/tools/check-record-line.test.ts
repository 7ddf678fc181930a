import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRecordLine } from "./check-record-line.ts";

const record = {
  timestamp: "2026-11-23T15:45:30.123Z",
  lmgate_id: "anna",
  provider: "openai",
  endpoint: "/v1/responses",
  model: null,
  status: 200,
  input_tokens: 1,
  output_tokens: null,
  masked_key: "abc123",
  error_type: null,
  id: "0199f3a1-1111-7222-8333-444455556666",
  instance: "one",
  seq: 7,
};

test("a sound line gives the id, instance and sequence number of its record", () => {
  const { id, instance, seq } = record;
  assert.deepEqual(checkRecordLine(JSON.stringify(record)), { id, instance, seq });
});

const BAD_LINES: readonly (readonly [text: string, message: string])[] = [
  ["{", "is not JSON"],
  ['{"a":\0\0', "contains NUL bytes: the file was truncated while a process was writing it"],
  ["[]", "is not a JSON object"],
  [JSON.stringify({ ...record, status: "200" }), 'status is "200"'],
  [JSON.stringify({ ...record, masked_key: undefined }), "masked_key is missing"],
  [JSON.stringify({ ...record, id: "x".repeat(100) }), `id is "${"x".repeat(59)}…`],
  [JSON.stringify({ ...record, seq: 0 }), "seq is 0"],
];

for (const [text, message] of BAD_LINES) {
  test(`a bad line is described: ${message.slice(0, 40)}`, () => assert.equal(checkRecordLine(text), message));
}
