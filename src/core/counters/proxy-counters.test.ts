import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestRecord } from "../request/request-record.ts";
import { durationBounds } from "./proxy-deltas.ts";
import { ProxyCounters } from "./proxy-counters.ts";

const lag = { p50: 1, p99: 2, max: 3 };
const gauges = { loopLagMs: lag, connections: 7 };

function record(fields: Partial<RequestRecord>): RequestRecord {
  return {
    timestamp: "2026-01-01T00:00:00.000Z",
    lmgate_id: "1",
    provider: "openai",
    endpoint: "/openai/v1/chat/completions",
    model: "m",
    status: 200,
    input_tokens: null,
    output_tokens: null,
    masked_key: "",
    error_type: null,
    id: "018f",
    ...fields,
  };
}

test("calls are counted by status class, streams apart from plain answers", () => {
  const tally = new ProxyCounters();
  for (const status of [null, 101, 200, 204, 302, 404, 503]) tally.recorded(record({ status }));
  tally.recorded(record({ status: 200, stream: true }));
  const delta = tally.take(gauges);
  assert.deepEqual(delta.calls[0]?.plain, [1, 1, 2, 1, 1, 1]);
  assert.deepEqual(delta.calls[0]?.streamed, [0, 0, 1, 0, 0, 0]);
  assert.equal(delta.records, 8);
});

test("the computed totals are what tokens are summed from, the provider's own counters only where there is no total", () => {
  const tally = new ProxyCounters();
  tally.recorded(
    record({
      input_tokens: 5,
      total_input_tokens: 105,
      cached_input_tokens: 60,
      cache_write_tokens: 40,
      output_tokens: 7,
      reasoning_tokens: 3,
    }),
  );
  assert.deepEqual(tally.take(gauges).calls[0]?.tokens, {
    input: 105,
    output: 7,
    cacheRead: 60,
    cacheWrite: 40,
    reasoning: 3,
  });
});

test("another model's work is in no total, and so in no sum of tokens", () => {
  const tally = new ProxyCounters();
  const extra_items = [
    { kind: "compaction", total_input_tokens: 100, cached_input_tokens: 50, output_tokens: 10 },
    { kind: "usage_breakdown", input_tokens: 3, output_tokens: 2 },
  ];
  tally.recorded(record({ total_input_tokens: 5, output_tokens: 7, extra_items }));
  const tokens = { input: 5, output: 7, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
  assert.deepEqual(tally.take(gauges).calls[0]?.tokens, tokens);
});

test("a response that is read again counts as a call but not as use", () => {
  const tally = new ProxyCounters();
  tally.recorded(record({ input_tokens: 5, output_tokens: 7, usage_state: "replay" }));
  const counts = tally.take(gauges).calls[0];
  assert.equal(counts?.plain[2], 1);
  assert.equal(counts?.tokens.input, 0);
});

test("faults of the upstream are counted by kind, and the provider's own error types are not", () => {
  const tally = new ProxyCounters();
  tally.recorded(record({ status: 502, error_type: "upstream_reset" }));
  tally.recorded(record({ status: 429, error_type: "rate_limit_error" }));
  assert.deepEqual(tally.take(gauges).providers["openai"]?.upstreamErrors, { upstream_reset: 1 });
});

test("usage that is missing is counted with its reason", () => {
  const tally = new ProxyCounters();
  tally.recorded(record({ usage_state: "missing", usage_reason: "not_requested" }));
  tally.recorded(record({ usage_state: "missing" }));
  tally.recorded(record({ usage_state: "not_applicable" }));
  assert.deepEqual(tally.take(gauges).providers["openai"]?.usageMissing, { not_requested: 1, unknown: 1 });
});

test("an observation falls into the bucket whose bound it does not exceed", () => {
  const tally = new ProxyCounters();
  for (const duration_ms of [0, 10, 10.1, 327_680, 327_681]) tally.recorded(record({ duration_ms }));
  const { counts, sum } = tally.take(gauges).calls[0]?.duration ?? { counts: [], sum: 0 };
  assert.equal(counts.length, durationBounds.length + 1);
  assert.equal(counts[0], 2);
  assert.equal(counts[1], 1);
  assert.equal(counts.at(-2), 1);
  assert.equal(counts.at(-1), 1);
  assert.ok(Math.abs(sum - 655.3811) < 0.001);
});

test("denials of access are told apart from calls that could not be read, and upstream faults are neither", () => {
  const tally = new ProxyCounters();
  tally.refused({ kind: "forbidden", reason: "unknown_key" });
  tally.refused({ kind: "forbidden", reason: "unknown_key" });
  tally.refused({ kind: "malformed", detail: "bare CR" });
  tally.refused({ kind: "upstream", fault: "upstream_timeout" });
  const delta = tally.take(gauges);
  assert.deepEqual(delta.denied, { unknown_key: 2 });
  assert.deepEqual(delta.refused, { malformed: 1 });
});

test("taking a delta starts the counts again, but calls that still run stay in every delta", () => {
  const tally = new ProxyCounters();
  tally.began("openai");
  tally.began("openai");
  tally.ended("openai", []);
  tally.recorded(record({}));
  assert.equal(tally.take(gauges).providers["openai"]?.active, 1);

  const second = tally.take(gauges);
  assert.equal(second.providers["openai"]?.active, 1);
  assert.deepEqual(second.calls, []);

  tally.ended("openai", []);
  assert.equal(tally.take(gauges).providers["openai"]?.active, 0);
  assert.deepEqual(tally.take(gauges), {
    providers: {},
    calls: [],
    denied: {},
    refused: {},
    connectionsRefused: {},
    records: 0,
    ...gauges,
  });
});

test("a delta is plain data that a message can carry", () => {
  const tally = new ProxyCounters();
  tally.recorded(record({ provider: "__proto__", duration_ms: 3, ttft_ms: 2 }));
  const delta = tally.take(gauges);
  assert.deepEqual(structuredClone(delta), delta);
  assert.ok(Object.hasOwn(delta.providers, "__proto__"));
});

test("calls are told apart by provider, model and owner, and what is unknown stays unknown", () => {
  const tally = new ProxyCounters();
  tally.recorded(record({ owner: "ann" }));
  tally.recorded(record({ owner: "ann" }));
  tally.recorded(record({ owner: "bob" }));
  tally.recorded(record({ model: null }));
  tally.recorded(record({ owner: "ann" }));
  const cells = tally.take(gauges).calls.map(({ model, owner, plain }) => [model, owner, plain[2]]);
  assert.deepEqual(cells, [
    ["m", "ann", 3],
    ["m", "bob", 1],
    [null, null, 1],
  ]);
});

test("names beyond a thousand between two deltas are counted together", () => {
  const tally = new ProxyCounters();
  for (let n = 0; n < 1_500; n++) tally.recorded(record({ model: `m-${n}`, output_tokens: 1 }));
  const { calls } = tally.take(gauges);
  assert.equal(calls.length, 1_001);
  const other = calls.find(({ model }) => model === "other");
  assert.equal(other?.plain[2], 500);
  assert.equal(
    calls.reduce((sum, { tokens }) => sum + tokens.output, 0),
    1_500,
  );
});

test("the rate of output leaves out the wait for the first token", () => {
  const tally = new ProxyCounters();
  tally.recorded(record({ output_tokens: 100, duration_ms: 3_000, ttft_ms: 1_000 }));
  assert.equal(tally.take(gauges).calls[0]?.outputRate.sum, 50);
});

test("of what answers say is left of a limit, the last is told", () => {
  const tally = new ProxyCounters();
  const left = (value: string): void => {
    tally.began("openai");
    tally.ended("openai", [{ name: "x-ratelimit-remaining-requests", value }]);
  };
  left("60");
  left("59");
  assert.deepEqual(tally.take(gauges).providers["openai"]?.headroom, { requests: 59 });
});
