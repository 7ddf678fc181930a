import type { Metric } from "./question.ts";

/** How a metric comes from the sums over any set of calls. */
export interface Computation {
  /** The figures of calls that it takes. */
  readonly figures: readonly Figure[];
  /** In SQL, over the sums of those. */
  readonly sql: string;
  /** What it is where there were no calls: nothing was used, but there is no rate of nothing. */
  readonly ofNothing: 0 | null;
}

/** What `hours` has summed, and each call has by itself. */
export type Figure =
  | "requests"
  | "errors"
  | "cost_usd"
  | "total_tokens"
  | "total_input_tokens"
  | "total_output_tokens"
  | "cached_input_tokens"
  | "cache_write_tokens"
  | "reasoning_tokens"
  | "rate_tokens"
  | "rate_us"
  /** Calls whose usage is known. */
  | "known"
  /** Calls that use nothing new, whatever is known of them: errors, lists, closings of WebSockets, answers fetched again. */
  | "idle";

/** A percentile comes from buckets of durations, not from sums. */
export interface Percentile {
  readonly of: "duration" | "ttft";
  readonly percent: number;
}

/** Unknown if some call may have used something and none says how much; zero only if nothing can have been used. */
function amount(figure: Figure): Computation {
  return {
    figures: [figure, "idle", "requests"],
    sql: `coalesce(sum(${figure}), CASE WHEN sum(idle) = sum(requests) THEN 0 END)::DOUBLE`,
    ofNothing: 0,
  };
}

function rate(figures: readonly Figure[], part: string, whole: string): Computation {
  return { figures, sql: `(${part})::DOUBLE / nullif(${whole}, 0)::DOUBLE`, ofNothing: null };
}

const COMPUTATIONS: Readonly<Partial<Record<Metric, Computation>>> = {
  cost: amount("cost_usd"),
  requests: { figures: ["requests"], sql: "sum(requests)::DOUBLE", ofNothing: 0 },
  errors: { figures: ["errors"], sql: "sum(errors)::DOUBLE", ofNothing: 0 },
  error_rate: rate(["errors", "requests"], "sum(errors)", "sum(requests)"),
  total_tokens: amount("total_tokens"),
  input_tokens: amount("total_input_tokens"),
  output_tokens: amount("total_output_tokens"),
  cached_input_tokens: amount("cached_input_tokens"),
  cache_write_tokens: amount("cache_write_tokens"),
  reasoning_tokens: amount("reasoning_tokens"),
  cache_hit_rate: rate(
    ["cached_input_tokens", "total_input_tokens"],
    "sum(cached_input_tokens)",
    "sum(total_input_tokens)",
  ),
  output_tokens_per_second: rate(["rate_tokens", "rate_us"], "sum(rate_tokens) * 1000000", "sum(rate_us)"),
  coverage: rate(["known", "idle", "requests"], "sum(known)", "(sum(requests) - sum(idle))"),
};

const PERCENTILE = /^(duration|ttft)_p(\d\d)$/;

export function percentileOf(metric: Metric): Percentile | undefined {
  const [, of, rank] = PERCENTILE.exec(metric) ?? [];
  return of === undefined ? undefined : { of: of === "ttft" ? "ttft" : "duration", percent: Number(rank) };
}

/** `undefined` for a percentile. */
export function computationOf(metric: Metric): Computation | undefined {
  return COMPUTATIONS[metric];
}

const FRACTIONS: ReadonlySet<Metric> = new Set([
  "cost",
  "error_rate",
  "cache_hit_rate",
  "output_tokens_per_second",
  "coverage",
]);

/** Whether its values are whole numbers. */
export function isCount(metric: Metric): boolean {
  return computationOf(metric) !== undefined && !FRACTIONS.has(metric);
}

export function ofNothing(metric: Metric): 0 | null {
  return COMPUTATIONS[metric]?.ofNothing ?? null;
}
