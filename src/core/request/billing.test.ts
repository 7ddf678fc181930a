import assert from "node:assert/strict";
import { test } from "node:test";
import { billingOf, tokensOf } from "./billing.ts";
import type { RequestRecord } from "./request-record.ts";
import { countsUsage, dedupKeyOf } from "./usage-dedup.ts";

function record(fields: Partial<RequestRecord>): RequestRecord {
  return {
    timestamp: "2026-01-01T00:00:00.000Z",
    lmgate_id: "1",
    provider: "openai",
    endpoint: "/openai/v1/responses",
    model: "m",
    status: 200,
    input_tokens: null,
    output_tokens: null,
    masked_key: "",
    error_type: null,
    id: "018f",
    method: "POST",
    ...fields,
  };
}

const AT = Date.UTC(2026, 0, 1);

test("the totals and their parts are billed; unknown and zero amounts are left out", () => {
  const billing = billingOf(
    record({
      input_tokens: 3,
      output_tokens: 7,
      total_input_tokens: 1003,
      total_output_tokens: 7,
      cached_input_tokens: 900,
      cache_write_tokens: 100,
      cache_write_by_ttl: { "5m": 60, "1h": 40 },
      reasoning_tokens: 0,
      input_by_modality: { text: 3, audio: 2 },
      output_by_modality: { text: 5, image: 2 },
      cached_by_modality: { text: 900 },
      tool_calls: { web_search: 2, code_interpreter: 1 },
      service_tier: "batch",
      speed: "fast",
      inference_geo: "eu",
    }),
  );
  assert.deepEqual(billing, {
    provider: "openai",
    at: AT,
    model: "m",
    input: 1003,
    output: 7,
    cacheRead: 900,
    cacheWrite: 100,
    cacheWrite1h: 40,
    audioIn: 2,
    imageOut: 2,
    cachedAudio: 0,
    cachedImage: 0,
    webSearches: 2,
    serviceTier: "batch",
    speed: "fast",
    region: "eu",
    batch: true,
  });
});

test("a request without usage and a replay have nothing to bill", () => {
  assert.equal(billingOf(record({})), undefined);
  assert.equal(billingOf(record({ total_input_tokens: 5, usage_state: "replay" })), undefined);
});

test("units and a stated cost are billed without any tokens", () => {
  assert.deepEqual(billingOf(record({ audio_seconds: 12 })), {
    provider: "openai",
    at: AT,
    model: "m",
    audioSeconds: 12,
  });
  assert.deepEqual(billingOf(record({ provider_cost_usd: 0 })), {
    provider: "openai",
    at: AT,
    model: "m",
    statedUsd: 0,
  });
});

test("further items are billed with their own model, in addition to the request or as part of it", () => {
  const items = [
    { kind: "compaction", model: "n", input_tokens: 5, total_input_tokens: 9, output_tokens: 1 },
    { kind: "usage_breakdown", input_tokens: 5, output_tokens: 1, cache_write_by_ttl: { "1h": 2 } },
    null,
  ];
  assert.deepEqual(billingOf(record({ extra_items: items }))?.items, [
    { model: "n", input: 9, output: 1 },
    { within: true, input: 5, output: 1, cacheWrite1h: 2 },
    {},
  ]);
});

test("a request whose response was not ready, or was cut off, is pending under the response's id", () => {
  for (const reason of ["pending", "cut"]) {
    const found = dedupKeyOf(record({ response_id: "r", usage_state: "missing", usage_reason: reason }));
    assert.deepEqual(found, { kind: "pending", provider: "openai", id: "r" });
  }
  assert.equal(
    dedupKeyOf(record({ response_id: "r", usage_state: "aborted", usage_reason: "aborted" }))?.kind,
    "pending",
  );
});

test("a request that was counted, has no id, only fetches a response or has no usage is not pending", () => {
  const missing = { usage_state: "missing", usage_reason: "cut" } as const;
  assert.equal(dedupKeyOf(record(missing)), undefined);
  assert.equal(dedupKeyOf(record({ ...missing, response_id: "r", input_tokens: 5 })), undefined);
  assert.equal(dedupKeyOf(record({ ...missing, response_id: "r", method: "GET" })), undefined);
  assert.equal(dedupKeyOf(record({ ...missing, response_id: "r", usage_reason: "not_requested" })), undefined);
  assert.equal(dedupKeyOf(record({ response_id: "r", usage_state: "not_applicable" })), undefined);
});

test("a stored response with usage is a reread, and counts only if the ledger has it as pending", () => {
  const replay = record({ response_id: "r", usage_state: "replay", input_tokens: 5, method: "GET" });
  assert.deepEqual(dedupKeyOf(replay), { kind: "reread", provider: "openai", id: "r" });
  assert.equal(dedupKeyOf({ ...replay, input_tokens: null }), undefined);
  assert.equal(countsUsage(replay), false);
  assert.equal(countsUsage({ ...replay, usage_state: "final" }), true);
});

test("a batch is billed as many responses of unknown sizes", () => {
  const billing = billingOf(record({ operation: "batch", total_input_tokens: 5 }));
  assert.deepEqual([billing?.batch, billing?.many], [true, true]);
  assert.equal(billingOf(record({ operation: "chat", total_input_tokens: 5 }))?.many, undefined);
});

test("the tokens of a request are its own totals, without the work of another model", () => {
  const items = [
    { input: 10, output: 1 },
    { within: true, input: 3 },
  ] as const;
  assert.equal(tokensOf({ provider: "p", at: 0, input: 5, output: 2, items }), 7);
});
