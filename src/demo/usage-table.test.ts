import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { RequestRecord } from "../core/request/request-record.ts";
import { parseRecords, usageTable } from "./usage-table.ts";

function record(fields: Partial<RequestRecord>): RequestRecord {
  return {
    timestamp: "2026-11-23T10:00:00.000Z",
    lmgate_id: "a",
    provider: "openai",
    endpoint: "/openai/v1/chat/completions",
    model: "gpt-5.5",
    status: 200,
    input_tokens: null,
    output_tokens: null,
    masked_key: "",
    error_type: null,
    id: "01a2092a-5410-7480-9520-3d3bb95c03b2",
    owner: "alice",
    ...fields,
  };
}

describe("the usage table of the demo", () => {
  it("sums usage by key and model, from the totals that include all parts", () => {
    const { rows, total } = usageTable([
      record({ input_tokens: 3, output_tokens: 5, total_input_tokens: 1053, total_output_tokens: 5 }),
      record({ lmgate_id: "b", owner: "bob", model: "gemini-x", total_input_tokens: 10, total_output_tokens: 32 }),
      record({ input_tokens: 7, output_tokens: 1 }),
    ]);
    assert.deepEqual(rows, [
      ["a", "alice", "gpt-5.5", "2", "1,060", "6", "1,066"],
      ["b", "bob", "gemini-x", "1", "10", "32", "42"],
    ]);
    assert.deepEqual(total, ["total", "", "", "3", "1,070", "38", "1,108"]);
  });

  it("has a heading for each cell", () => {
    const { columns, total } = usageTable([]);
    assert.equal(columns.length, total.length);
  });

  it("shows unknown usage as a dash, not as zero", () => {
    const { rows } = usageTable([record({ model: null })]);
    assert.deepEqual(rows, [["a", "alice", "unknown", "1", "—", "—", "—"]]);
  });

  it("counts a response that was fetched again as a request without usage", () => {
    const usage = { total_input_tokens: 10, total_output_tokens: 20 };
    const { total } = usageTable([record(usage), record({ ...usage, usage_state: "replay" })]);
    assert.deepEqual(total, ["total", "", "", "2", "10", "20", "30"]);
  });

  it("keeps a key apart that is named like a property of objects", () => {
    const { rows } = usageTable([record({ lmgate_id: "__proto__", model: "constructor", total_input_tokens: 1 })]);
    assert.deepEqual(rows, [["__proto__", "alice", "constructor", "1", "1", "—", "1"]]);
  });

  it("reads complete lines only", () => {
    const line = JSON.stringify(record({}));
    assert.equal(parseRecords(`${line}\n${line}\n${line.slice(0, 20)}`).length, 2);
    assert.deepEqual(parseRecords(line), []);
  });
});
