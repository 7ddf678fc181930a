import assert from "node:assert/strict";
import { test } from "node:test";

import { readDocument } from "./markdown.ts";
import { faultsOf, recordJsonSchema } from "./record-schema.ts";

const sound = {
  timestamp: "2026-11-23T10:00:00.000Z",
  lmgate_id: "k-1",
  provider: "openai",
  endpoint: "/openai/v1/chat/completions",
  model: "gpt-x",
  status: 200,
  input_tokens: 9,
  output_tokens: 2,
  masked_key: "abcdef",
  error_type: null,
  id: "019aafc1-2f00-7abc-8def-0123456789ab",
  schema: 1,
  total_input_tokens: 9,
  total_output_tokens: 2,
  total_tokens: 11,
  cached_input_tokens: 4,
  reasoning_tokens: 1,
  usage_source: "body",
  usage_state: "final",
};

test("docs/record.schema.json is generated from the typed schema (npm run schema writes it)", () => {
  assert.deepEqual(JSON.parse(readDocument("docs/record.schema.json")), recordJsonSchema());
});

test("a record of a simple request is sound", () => {
  assert.deepEqual(faultsOf(sound), []);
});

const FAULTY: Readonly<Record<string, object>> = {
  "a field nobody knows": { ...sound, tokens: 3 },
  "a field that is missing": { ...sound, model: undefined },
  "a counter below zero": { ...sound, reasoning_tokens: -1 },
  "a counter that is no whole number": { ...sound, total_tokens: 11.5 },
  "an order of its own": Object.fromEntries(Object.entries(sound).toReversed()),
  "more cached than there was input": { ...sound, cached_input_tokens: 6, cache_write_tokens: 4 },
  "more reasoning than there was output": { ...sound, reasoning_tokens: 3 },
  "a total below its parts": { ...sound, total_tokens: 10 },
  "a total input below the provider's own counter": { ...sound, total_input_tokens: 8 },
  "counters from nowhere": { ...sound, usage_source: "none" },
  "counters that are missing": { ...sound, usage_state: "missing", usage_reason: "absent" },
  "a partial count without a reason": { ...sound, usage_state: "partial" },
  "a guess beside a counter": { ...sound, estimated_input_tokens: 10 },
  "a cost without a source": { ...sound, cost_usd: 0.1 },
  "a price of zero for want of one": { ...sound, cost_usd: 0, cost_source: "none" },
  "a cost of what does not count": { ...sound, usage_state: "replay", cost_usd: 0.1, cost_source: "table" },
};

for (const [what, record] of Object.entries(FAULTY)) {
  test(`a record with ${what} is not sound`, () => {
    assert.equal(faultsOf(record).length > 0, true, JSON.stringify(faultsOf(record)));
  });
}

test("a total below its parts is sound if the record says so", () => {
  assert.deepEqual(faultsOf({ ...sound, total_tokens: 10, usage_reason: "inconsistent" }), []);
});
