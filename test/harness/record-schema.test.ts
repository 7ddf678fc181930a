import assert from "node:assert/strict";
import { test } from "node:test";

import { readDocument } from "./markdown.ts";
import { issuesIn, recordJsonSchema } from "./record-schema.ts";

const valid = {
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

test("a record of a simple request is valid", () => {
  assert.deepEqual(issuesIn(valid), []);
});

const INVALID: Readonly<Record<string, object>> = {
  "an unknown field": { ...valid, tokens: 3 },
  "a missing field": { ...valid, model: undefined },
  "a counter below zero": { ...valid, reasoning_tokens: -1 },
  "a counter that is not a whole number": { ...valid, total_tokens: 11.5 },
  "its fields in another order": Object.fromEntries(Object.entries(valid).toReversed()),
  "more cached tokens than input": { ...valid, cached_input_tokens: 6, cache_write_tokens: 4 },
  "more reasoning tokens than output": { ...valid, reasoning_tokens: 3 },
  "a total below its parts": { ...valid, total_tokens: 10 },
  "a total input below the provider's own counter": { ...valid, total_input_tokens: 8 },
  "counters without a source": { ...valid, usage_source: "none" },
  "counters although usage is missing": { ...valid, usage_state: "missing", usage_reason: "absent" },
  "partial usage without a reason": { ...valid, usage_state: "partial" },
  "an estimate beside a counter": { ...valid, estimated_input_tokens: 10 },
  "a cost without a source": { ...valid, cost_usd: 0.1 },
  "a cost of zero without a price": { ...valid, cost_usd: 0, cost_source: "none" },
  "a cost on a replay": { ...valid, usage_state: "replay", cost_usd: 0.1, cost_source: "table" },
};

for (const [issue, record] of Object.entries(INVALID)) {
  test(`a record with ${issue} is invalid`, () => {
    assert.equal(issuesIn(record).length > 0, true, JSON.stringify(issuesIn(record)));
  });
}

test("a total below its parts is valid if the record says so", () => {
  assert.deepEqual(issuesIn({ ...valid, total_tokens: 10, usage_reason: "inconsistent" }), []);
});
