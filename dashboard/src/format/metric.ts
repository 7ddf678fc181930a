import type { Metric } from "../../../src/admin/api/contract.ts";
import {
  formatCost,
  formatCostExactly,
  formatCount,
  formatCountExactly,
  formatDuration,
  formatRate,
  formatShare,
} from "./number.ts";

type Formatter = (value: number | null | undefined) => string;

/** The label and format of a metric, and whether a rise is good or bad. */
export interface MetricLook {
  readonly label: string;
  readonly format: Formatter;
  readonly exactly: Formatter;
  /** Parts add up to the whole, so they can be stacked and shown as shares. */
  readonly adds: boolean;
  readonly rise: "good" | "bad" | "neutral";
}

const cost = { format: formatCost, exactly: formatCostExactly, adds: true, rise: "neutral" } as const;
const count = { format: formatCount, exactly: formatCountExactly, adds: true, rise: "neutral" } as const;
const share = { format: formatShare, exactly: formatShare, adds: false } as const;
const time = { format: formatDuration, exactly: formatDuration, adds: false, rise: "bad" } as const;

const looks: Readonly<Record<Metric, MetricLook>> = {
  cost: { label: "Cost", ...cost },
  requests: { label: "Requests", ...count },
  errors: { label: "Errors", ...count, rise: "bad" },
  error_rate: { label: "Error rate", ...share, rise: "bad" },
  total_tokens: { label: "Tokens", ...count },
  input_tokens: { label: "Input tokens", ...count },
  output_tokens: { label: "Output tokens", ...count },
  cached_input_tokens: { label: "Cached input", ...count, rise: "good" },
  cache_write_tokens: { label: "Cache writes", ...count },
  reasoning_tokens: { label: "Reasoning tokens", ...count },
  cache_hit_rate: { label: "Cache hits", ...share, rise: "good" },
  duration_p50: { label: "Duration p50", ...time },
  duration_p90: { label: "Duration p90", ...time },
  duration_p95: { label: "Duration p95", ...time },
  duration_p99: { label: "Duration p99", ...time },
  ttft_p50: { label: "First token p50", ...time },
  ttft_p90: { label: "First token p90", ...time },
  ttft_p95: { label: "First token p95", ...time },
  ttft_p99: { label: "First token p99", ...time },
  output_tokens_per_second: {
    label: "Output tokens/s",
    format: formatRate,
    exactly: formatRate,
    adds: false,
    rise: "good",
  },
  coverage: { label: "Usage known", ...share, rise: "good" },
};

export function metricLook(metric: Metric): MetricLook {
  return looks[metric];
}

export function isMetric(text: string | null | undefined): text is Metric {
  return text !== null && text !== undefined && Object.hasOwn(looks, text);
}
