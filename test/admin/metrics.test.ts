import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "../../src/admin/metrics/prometheus-metrics.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { ProxyCounters } from "../../src/core/counters/proxy-counters.ts";
import type { LedgerStatus, WorkerStatus } from "../../src/core/counters/status.ts";

const lag = { p50: 10, p99: 20, max: 30 };
const gauges = { loopLagMs: lag, connections: 7 };

function make(): Metrics {
  return new Metrics({ version: "1.2.3", node: "v24.0.0", providers: ["openai"] });
}

function record(fields: Partial<RequestRecord>): RequestRecord {
  return {
    timestamp: "2026-01-01T00:00:00.000Z",
    lmgate_id: "1",
    provider: "openai",
    endpoint: "/openai/v1/chat/completions",
    model: "m",
    status: 200,
    input_tokens: 3,
    output_tokens: 4,
    masked_key: "",
    error_type: null,
    id: "018f",
    ...fields,
  };
}

function thread(fields: Partial<WorkerStatus>): WorkerStatus {
  return {
    name: "data-0",
    state: "running",
    isStarved: false,
    restarts: 0,
    loopLagMs: lag,
    accessVersion: 1,
    ...fields,
  };
}

const none = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };

const ledger: LedgerStatus = {
  path: "stats.jsonl",
  written: 0,
  dropped: 0,
  interrupted: 0,
  unconfirmed: 0,
  queued: 0,
  degraded: false,
  lastError: undefined,
  lastWriteAt: undefined,
  rotations: 0,
};

/** The value of one series without the token; `undefined` if it is not exposed. */
async function read(metrics: Metrics, series: string): Promise<number | undefined> {
  return valueIn(await metrics.redactedMetrics(), series);
}

function valueIn(text: string, series: string): number | undefined {
  const line = text.split("\n").find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test("deltas of all workers are added up", async () => {
  const metrics = make();
  for (const name of ["data-0", "data-1"]) {
    const counters = new ProxyCounters();
    counters.requestStarted("openai");
    counters.recorded(record({ duration_ms: 15, cached_input_tokens: 2 }));
    counters.recorded(record({ status: 502, error_type: "upstream_reset", stream: true }));
    counters.requestRejected({ kind: "forbidden", reason: "expired" });
    counters.requestRejected({ kind: "draining" });
    metrics.add(name, counters.take(gauges));
  }
  assert.equal(await read(metrics, 'lmgate_requests_total{provider="openai",code_class="2xx",stream="false"}'), 2);
  assert.equal(await read(metrics, 'lmgate_requests_total{provider="openai",code_class="5xx",stream="true"}'), 2);
  assert.equal(await read(metrics, 'lmgate_input_tokens_total{provider="openai"}'), 12);
  assert.equal(await read(metrics, 'lmgate_output_tokens_total{provider="openai"}'), 16);
  assert.equal(await read(metrics, 'lmgate_cache_read_input_tokens_total{provider="openai"}'), 4);
  assert.equal(await read(metrics, 'lmgate_upstream_errors_total{provider="openai",kind="upstream_reset"}'), 2);
  assert.equal(await read(metrics, 'lmgate_denied_total{reason="expired"}'), 2);
  assert.equal(await read(metrics, 'lmgate_refused_total{kind="draining"}'), 2);
  assert.equal(await read(metrics, "lmgate_stats_records_sent_total"), 4);
  assert.equal(await read(metrics, 'lmgate_active_requests{provider="openai"}'), 2);
});

test("the buckets of a histogram are cumulative and end with the count", async () => {
  const metrics = make();
  const counters = new ProxyCounters();
  for (const duration_ms of [5, 15, 15, 400_000]) counters.recorded(record({ duration_ms }));
  metrics.add("data-0", counters.take(gauges));
  const bucket = (le: string): string => `lmgate_request_duration_seconds_bucket{le="${le}",provider="openai"}`;
  assert.equal(await read(metrics, bucket("0.01")), 1);
  assert.equal(await read(metrics, bucket("0.02")), 3);
  assert.equal(await read(metrics, bucket("327.68")), 3);
  assert.equal(await read(metrics, bucket("+Inf")), 4);
  assert.equal(await read(metrics, 'lmgate_request_duration_seconds_count{provider="openai"}'), 4);
  assert.equal(await read(metrics, 'lmgate_request_duration_seconds_sum{provider="openai"}'), 400.035);
  assert.equal(await read(metrics, 'lmgate_time_to_first_token_seconds_count{provider="openai"}'), 0);
});

test("a restarted worker's running requests are dropped, and no counter decreases", async () => {
  const metrics = make();
  const counters = new ProxyCounters();
  counters.requestStarted("openai");
  counters.recorded(record({}));
  metrics.add("data-0", counters.take(gauges));
  metrics.threads([thread({ state: "down", restarts: 1 })]);
  assert.equal(await read(metrics, 'lmgate_active_requests{provider="openai"}'), 0);
  assert.equal(await read(metrics, 'lmgate_thread_up{thread="data-0"}'), 0);

  metrics.add("data-0", new ProxyCounters().take(gauges));
  metrics.threads([thread({ restarts: 1 })]);
  assert.equal(await read(metrics, 'lmgate_requests_total{provider="openai",code_class="2xx",stream="false"}'), 1);
  assert.equal(await read(metrics, 'lmgate_thread_restarts_total{thread="data-0"}'), 1);
  assert.equal(await read(metrics, 'lmgate_thread_up{thread="data-0"}'), 1);
});

test("totals of a restarted ledger worker are added to those before", async () => {
  const metrics = make();
  metrics.ledger({ ...ledger, written: 10, dropped: 2, queued: 7, degraded: true });
  metrics.ledger({ ...ledger, written: 10, dropped: 2 });
  metrics.ledger({ ...ledger, written: 4, dropped: 0, lastWriteAt: "2026-01-01T00:00:01.000Z" });
  assert.equal(await read(metrics, "lmgate_stats_records_total"), 14);
  assert.equal(await read(metrics, "lmgate_stats_dropped_total"), 2);
  assert.equal(await read(metrics, "lmgate_stats_queue_depth"), 0);
  assert.equal(await read(metrics, "lmgate_stats_degraded"), 0);
  assert.equal(await read(metrics, "lmgate_stats_last_write_timestamp_seconds"), 1_767_225_601);
});

test("the allow-list metrics show keys, load time and whether the last change was rejected", async () => {
  const metrics = make();
  const status = { path: "a.csv", keys: 7, version: 1, loadedAt: "2026-01-01T00:00:00.000Z", reloadErrors: 0 };
  metrics.allowlist({ ...status, error: undefined });
  assert.equal(await read(metrics, "lmgate_config_last_reload_successful"), 1);
  assert.equal(await read(metrics, "lmgate_config_last_reload_success_timestamp_seconds"), 1_767_225_600);
  assert.equal(await read(metrics, "lmgate_allowlist_keys"), 7);
  metrics.allowlist({ ...status, error: "line 3: no key", reloadErrors: 1 });
  assert.equal(await read(metrics, "lmgate_config_last_reload_successful"), 0);
  assert.equal(await read(metrics, "lmgate_allowlist_reload_errors_total"), 1);
});

test("event-loop lag is shown in seconds for each worker", async () => {
  const metrics = make();
  metrics.threads([thread({ name: "ledger" })]);
  metrics.add("data-0", new ProxyCounters().take({ ...gauges, loopLagMs: { p50: 1, p99: 2, max: 3000 } }));
  assert.equal(await read(metrics, 'lmgate_eventloop_lag_p99_seconds{thread="ledger"}'), 0.02);
  assert.equal(await read(metrics, 'lmgate_eventloop_lag_max_seconds{thread="data-0"}'), 3);
});

test("values from outside cannot create unlimited series", async () => {
  const metrics = make();
  const counters = new ProxyCounters();
  for (let i = 0; i < 500; i++) {
    counters.recorded(record({ provider: `invented-${i}`, usage_state: "missing", usage_reason: `because-${i}` }));
  }
  metrics.add("data-0", counters.take(gauges));
  const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith("lmgate_"));
  assert.ok(lines.length < 250, `${lines.length} series`);
  assert.equal(await read(metrics, 'lmgate_requests_total{provider="other",code_class="2xx",stream="false"}'), 500);
  assert.equal(await read(metrics, 'lmgate_usage_missing_total{provider="other",reason="other"}'), 468);
});

test("the series that alerts use exist before the first request", async () => {
  const metrics = make();
  const text = await metrics.redactedMetrics();
  for (const name of [
    'lmgate_build_info{version="1.2.3",node="v24.0.0"} 1',
    'lmgate_requests_total{provider="openai",code_class="5xx",stream="true"} 0',
    'lmgate_denied_total{reason="unknown_key"} 0',
    "lmgate_stats_dropped_total 0",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "nodejs_eventloop_lag_p99_seconds",
  ]) {
    assert.ok(
      text.split("\n").some((line) => line.startsWith(name)),
      name,
    );
  }
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
});

test("with the token, requests, tokens and costs are split by owner and model; without it they are sums", async () => {
  const metrics = make();
  const counters = new ProxyCounters();
  counters.recorded(record({ owner: "ann", duration_ms: 5 }));
  counters.recorded(record({ owner: "bob", model: "n", duration_ms: 5 }));
  metrics.add("data-0", counters.take(gauges));
  const account = { provider: "openai", unpricedTokens: 0, priced: true, settled: none };
  metrics.addCosts({
    costs: [
      { ...account, model: "m", owner: "ann", costUsd: 2 },
      { ...account, model: "n", owner: "bob", costUsd: 3 },
    ],
    forgotten: 0,
  });
  const text = await metrics.text();
  assert.equal(valueIn(text, 'lmgate_input_tokens_total{provider="openai",model="m",owner="ann"}'), 3);
  assert.equal(valueIn(text, 'lmgate_cost_usd_total{provider="openai",model="n",owner="bob"}'), 3);
  assert.equal(valueIn(text, 'lmgate_request_duration_seconds_count{provider="openai",model="m"}'), 1);
  assert.equal(await read(metrics, 'lmgate_cost_usd_total{provider="openai"}'), 5);
  assert.equal(await read(metrics, 'lmgate_request_duration_seconds_bucket{le="0.01",provider="openai"}'), 2);
  assert.doesNotMatch(await metrics.redactedMetrics(), /owner=|model=|"ann"|"bob"/);
});

test("a model name without a successful request creates no series", async () => {
  const metrics = make();
  const counters = new ProxyCounters();
  for (let n = 0; n < 300; n++) counters.recorded(record({ model: `made-up-${n}`, status: 404 }));
  counters.recorded(record({ model: "real" }));
  metrics.add("data-0", counters.take(gauges));
  const text = await metrics.text();
  const requests = (model: string, code: string): string =>
    `lmgate_requests_total{provider="openai",model="${model}",owner="unknown",code_class="${code}",stream="false"}`;
  assert.equal(valueIn(text, requests("real", "2xx")), 1);
  assert.equal(valueIn(text, requests("other", "4xx")), 300);
  assert.doesNotMatch(text, /made-up/);
});

test("the text is what the Prometheus format allows, and no series appears twice", async () => {
  const metrics = make();
  const counters = new ProxyCounters();
  counters.recorded(
    record({ duration_ms: 1, ttft_ms: 1, usage_state: "missing", usage_reason: 'a "quoted"\nreason\\' }),
  );
  metrics.add("data-0", counters.take(gauges));
  metrics.threads([thread({})]);
  for (const text of [await metrics.text(), await metrics.redactedMetrics()]) {
    const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    for (const line of series) {
      assert.match(
        line,
        /^[a-z_][a-z0-9_]*(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (?:[-+0-9.e]+|Nan|NaN|\+Inf)$/i,
      );
    }
    const names = series.map((line) => line.slice(0, line.lastIndexOf(" ")));
    assert.equal(new Set(names).size, names.length);
  }
});
