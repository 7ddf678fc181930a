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

test("requests are counted by status class, streams separately from other responses", () => {
  const counters = new ProxyCounters();
  for (const status of [null, 101, 200, 204, 302, 404, 503]) counters.recorded(record({ status }));
  counters.recorded(record({ status: 200, stream: true }));
  const delta = counters.take(gauges);
  assert.deepEqual(delta.recorded.requests[0]?.unary, [1, 1, 2, 1, 1, 1]);
  assert.deepEqual(delta.recorded.requests[0]?.streamed, [0, 0, 1, 0, 0, 0]);
  assert.equal(delta.recorded.records, 8);
});

test("tokens are summed from the computed totals, and from the provider's own counters if there is no total", () => {
  const counters = new ProxyCounters();
  counters.recorded(
    record({
      input_tokens: 5,
      total_input_tokens: 105,
      cached_input_tokens: 60,
      cache_write_tokens: 40,
      output_tokens: 7,
      reasoning_tokens: 3,
    }),
  );
  assert.deepEqual(counters.take(gauges).recorded.requests[0]?.tokens, {
    input: 105,
    output: 7,
    cacheRead: 60,
    cacheWrite: 40,
    reasoning: 3,
  });
});

test("the work of another model is in no total, and therefore in no sum of tokens", () => {
  const counters = new ProxyCounters();
  const extra_items = [
    { kind: "compaction", total_input_tokens: 100, cached_input_tokens: 50, output_tokens: 10 },
    { kind: "usage_breakdown", input_tokens: 3, output_tokens: 2 },
  ];
  counters.recorded(record({ total_input_tokens: 5, output_tokens: 7, extra_items }));
  const tokens = { input: 5, output: 7, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
  assert.deepEqual(counters.take(gauges).recorded.requests[0]?.tokens, tokens);
});

test("a response that is fetched again counts as a request but not as usage", () => {
  const counters = new ProxyCounters();
  counters.recorded(record({ input_tokens: 5, output_tokens: 7, usage_state: "replay" }));
  const counts = counters.take(gauges).recorded.requests[0];
  assert.equal(counts?.unary[2], 1);
  assert.equal(counts?.tokens.input, 0);
});

test("upstream errors are counted by kind, and the provider's own error types are not", () => {
  const counters = new ProxyCounters();
  counters.recorded(record({ status: 502, error_type: "upstream_reset" }));
  counters.recorded(record({ status: 429, error_type: "rate_limit_error" }));
  assert.deepEqual(counters.take(gauges).recorded.providers["openai"]?.upstreamErrors, { upstream_reset: 1 });
});

test("missing usage is counted with its reason", () => {
  const counters = new ProxyCounters();
  counters.recorded(record({ usage_state: "missing", usage_reason: "not_requested" }));
  counters.recorded(record({ usage_state: "missing" }));
  counters.recorded(record({ usage_state: "not_applicable" }));
  assert.deepEqual(counters.take(gauges).recorded.providers["openai"]?.usageMissing, { not_requested: 1, unknown: 1 });
});

test("an observation is counted in the first bucket whose bound it does not exceed", () => {
  const counters = new ProxyCounters();
  for (const duration_ms of [0, 10, 10.1, 327_680, 327_681]) counters.recorded(record({ duration_ms }));
  const { counts, sum } = counters.take(gauges).recorded.requests[0]?.duration ?? { counts: [], sum: 0 };
  assert.equal(counts.length, durationBounds.length + 1);
  assert.equal(counts[0], 2);
  assert.equal(counts[1], 1);
  assert.equal(counts.at(-2), 1);
  assert.equal(counts.at(-1), 1);
  assert.ok(Math.abs(sum - 655.3811) < 0.001);
});

test("forbidden requests are counted separately from malformed ones, and upstream errors as neither", () => {
  const counters = new ProxyCounters();
  counters.requestRejected({ kind: "forbidden", reason: "unknown_key" });
  counters.requestRejected({ kind: "forbidden", reason: "unknown_key" });
  counters.requestRejected({ kind: "malformed", detail: "bare CR" });
  counters.requestRejected({ kind: "upstream", fault: "upstream_timeout" });
  const delta = counters.take(gauges);
  assert.deepEqual(delta.forbidden, { unknown_key: 2 });
  assert.deepEqual(delta.rejected, { malformed: 1 });
});

test("a delta resets the counts, but running requests stay in every delta", () => {
  const counters = new ProxyCounters();
  counters.requestStarted("openai");
  counters.requestStarted("openai");
  counters.requestEnded("openai", []);
  counters.recorded(record({}));
  assert.equal(counters.take(gauges).providers["openai"]?.active, 1);

  const second = counters.take(gauges);
  assert.equal(second.providers["openai"]?.active, 1);
  assert.deepEqual(second.recorded.requests, []);

  counters.requestEnded("openai", []);
  assert.equal(counters.take(gauges).providers["openai"]?.active, 0);
  assert.deepEqual(counters.take(gauges), {
    providers: {},
    recorded: { records: 0, requests: [], providers: {} },
    forbidden: {},
    rejected: {},
    connectionsRejected: {},
    ...gauges,
  });
});

test("a delta is plain data that a message can carry", () => {
  const counters = new ProxyCounters();
  counters.recorded(record({ provider: "__proto__", duration_ms: 3, ttft_ms: 2, usage_state: "missing" }));
  const delta = counters.take(gauges);
  assert.deepEqual(structuredClone(delta), delta);
  assert.ok(Object.hasOwn(delta.recorded.providers, "__proto__"));
});

test("requests are counted by provider, model and owner, and an unknown name stays unknown", () => {
  const counters = new ProxyCounters();
  counters.recorded(record({ owner: "ann" }));
  counters.recorded(record({ owner: "ann" }));
  counters.recorded(record({ owner: "bob" }));
  counters.recorded(record({ model: null }));
  counters.recorded(record({ owner: "ann" }));
  const groups = counters.take(gauges).recorded.requests.map(({ model, owner, unary }) => [model, owner, unary[2]]);
  assert.deepEqual(groups, [
    ["m", "ann", 3],
    ["m", "bob", 1],
    [null, null, 1],
  ]);
});

test("names beyond a thousand between two deltas are counted together", () => {
  const counters = new ProxyCounters();
  for (let n = 0; n < 1_500; n++) counters.recorded(record({ model: `m-${n}`, output_tokens: 1 }));
  const { requests } = counters.take(gauges).recorded;
  assert.equal(requests.length, 1_001);
  const other = requests.find(({ model }) => model === "other");
  assert.equal(other?.unary[2], 500);
  assert.equal(
    requests.reduce((sum, { tokens }) => sum + tokens.output, 0),
    1_500,
  );
});

test("the output rate excludes the time to the first token", () => {
  const counters = new ProxyCounters();
  counters.recorded(record({ output_tokens: 100, duration_ms: 3_000, ttft_ms: 1_000 }));
  assert.equal(counters.take(gauges).recorded.requests[0]?.outputRate.sum, 50);
});

test("the last reported remainder of a rate limit is in the delta", () => {
  const counters = new ProxyCounters();
  const respond = (value: string): void => {
    counters.requestStarted("openai");
    counters.requestEnded("openai", [{ name: "x-ratelimit-remaining-requests", value }]);
  };
  respond("60");
  respond("59");
  assert.deepEqual(counters.take(gauges).providers["openai"]?.rateLimitRemaining, { requests: 59 });
});
