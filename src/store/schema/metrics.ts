import type { MeasureName } from "./measures.ts";

// The metrics that a query can ask for: one row each. The API's names, the formulas in SQL and JavaScript, the table
// headings and help of the command line and the labels of the dashboard all derive from this table. Pure data without
// imports at run time, because the dashboard loads it as well.

/** How a metric is computed from the sums of measures over any set of requests. */
export type Formula =
  | { readonly kind: "count"; readonly of: MeasureName }
  /** A sum that is unknown if a request may have used something but none reports it, and 0 if none can have used anything. */
  | { readonly kind: "amount"; readonly of: MeasureName }
  /** `part * scale / (whole - minus)`; unknown if the divisor is 0. */
  | {
      readonly kind: "ratio";
      readonly part: MeasureName;
      readonly whole: MeasureName;
      readonly minus?: MeasureName;
      readonly scale?: number;
    }
  /** A percentile comes from histograms, not from sums. */
  | { readonly kind: "percentile"; readonly of: "duration" | "ttft"; readonly percent: number };

export interface MetricRow {
  readonly formula: Formula;
  /** `share` is 0 to 1; `usd` are US dollars. */
  readonly unit: "usd" | "count" | "tokens" | "share" | "milliseconds" | "tokens_per_second";
  /** In the dashboard. */
  readonly label: string;
  /** In tables of the command line. */
  readonly heading: string;
  /** What an increase means. */
  readonly rise: "good" | "bad" | "neutral";
}

const tokens = (of: MeasureName, label: string, heading: string, rise: MetricRow["rise"] = "neutral") =>
  ({ formula: { kind: "amount", of }, unit: "tokens", label, heading, rise }) as const;

const percentile = (of: "duration" | "ttft", percent: number) =>
  ({
    formula: { kind: "percentile", of, percent },
    unit: "milliseconds",
    label: `${of === "ttft" ? "First token" : "Duration"} p${percent}`,
    heading: `${of === "ttft" ? "TTFT " : ""}P${percent}`,
    rise: "bad",
  }) as const;

export const METRICS = {
  cost: {
    formula: { kind: "amount", of: "cost_usd" },
    unit: "usd",
    label: "Cost",
    heading: "COST",
    rise: "neutral",
  },
  requests: {
    formula: { kind: "count", of: "requests" },
    unit: "count",
    label: "Requests",
    heading: "REQUESTS",
    rise: "neutral",
  },
  errors: {
    formula: { kind: "count", of: "errors" },
    unit: "count",
    label: "Errors",
    heading: "ERRORS",
    rise: "bad",
  },
  error_rate: {
    formula: { kind: "ratio", part: "errors", whole: "requests" },
    unit: "share",
    label: "Error rate",
    heading: "ERROR %",
    rise: "bad",
  },
  total_tokens: tokens("total_tokens", "Tokens", "TOKENS"),
  input_tokens: tokens("total_input_tokens", "Input tokens", "INPUT"),
  output_tokens: tokens("total_output_tokens", "Output tokens", "OUTPUT"),
  cached_input_tokens: tokens("cached_input_tokens", "Cached input", "CACHED", "good"),
  cache_write_tokens: tokens("cache_write_tokens", "Cache writes", "CACHE WRITE"),
  reasoning_tokens: tokens("reasoning_tokens", "Reasoning tokens", "REASONING"),
  cache_hit_rate: {
    formula: { kind: "ratio", part: "cached_input_tokens", whole: "total_input_tokens" },
    unit: "share",
    label: "Cache hits",
    heading: "CACHE HIT",
    rise: "good",
  },
  duration_p50: percentile("duration", 50),
  duration_p90: percentile("duration", 90),
  duration_p95: percentile("duration", 95),
  duration_p99: percentile("duration", 99),
  ttft_p50: percentile("ttft", 50),
  ttft_p90: percentile("ttft", 90),
  ttft_p95: percentile("ttft", 95),
  ttft_p99: percentile("ttft", 99),
  output_tokens_per_second: {
    formula: { kind: "ratio", part: "rate_tokens", whole: "rate_us", scale: 1_000_000 },
    unit: "tokens_per_second",
    label: "Output tokens/s",
    heading: "TOKENS/S",
    rise: "good",
  },
  coverage: {
    formula: { kind: "ratio", part: "known", whole: "requests", minus: "idle" },
    unit: "share",
    label: "Usage known",
    heading: "COVERAGE",
    rise: "good",
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type Metric = keyof typeof METRICS;

/** In the order of the table. */
export const metricNames = Object.keys(METRICS) as readonly Metric[]; // as: the table's own keys

export function metricRow(metric: Metric): MetricRow {
  return METRICS[metric];
}

export function isMetric(name: string): name is Metric {
  return Object.hasOwn(METRICS, name);
}

/** A metric's value where there are no requests: nothing was used, but a rate of nothing is unknown. */
export function valueWithoutRequests(metric: Metric): 0 | null {
  const { kind } = metricRow(metric).formula;
  return kind === "count" || kind === "amount" ? 0 : null;
}
