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

describe("the table of usage", () => {
  it("sums what each key and model used, with the totals that hold all parts", () => {
    const lines = usageTable([
      record({ input_tokens: 3, output_tokens: 5, total_input_tokens: 1053, total_output_tokens: 5 }),
      record({ lmgate_id: "b", owner: "bob", model: "gemini-x", total_input_tokens: 10, total_output_tokens: 32 }),
      record({ input_tokens: 7, output_tokens: 1 }),
    ]);
    assert.deepEqual(lines, [
      "KEY    OWNER  MODEL     CALLS  INPUT  OUTPUT  TOTAL",
      "a      alice  gpt-5.5       2  1,060       6  1,066",
      "b      bob    gemini-x      1     10      32     42",
      "---------------------------------------------------",
      "total                       3  1,070      38  1,108",
    ]);
  });

  it("shows what nobody knows as unknown, not as zero", () => {
    const lines = usageTable([record({ model: null })]);
    assert.equal(lines[1], "a      alice  unknown      1      —       —      —");
  });

  it("counts a response that was fetched again as a call without use", () => {
    const total = { total_input_tokens: 10, total_output_tokens: 20 };
    const lines = usageTable([record(total), record({ ...total, usage_state: "replay" })]);
    assert.match(lines.at(-1) ?? "", /^total +2 +10 +20 +30$/);
  });

  it("keeps an owner named like a property of objects apart", () => {
    const lines = usageTable([record({ lmgate_id: "__proto__", model: "constructor", total_input_tokens: 1 })]);
    assert.match(lines[1] ?? "", /^__proto__ +alice +constructor +1 +1 +— +1$/);
  });

  it("reads whole lines only", () => {
    const line = JSON.stringify(record({}));
    assert.equal(parseRecords(`${line}\n${line}\n${line.slice(0, 20)}`).length, 2);
    assert.deepEqual(parseRecords(line), []);
  });
});
