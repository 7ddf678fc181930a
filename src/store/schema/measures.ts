import type { Metric } from "./query.ts";

/** How a metric comes from the sums over any set of calls. */
export interface Computation {
  /** The figures of calls that it takes. */
  readonly figures: readonly Figure[];
  /** In SQL, over the sums of those. */
  readonly sql: string;
  /** The same, of sums that are known as numbers. */
  readonly of: (sums: Sums) => number | null;
  /** What it is where there were no calls: nothing was used, but there is no rate of nothing. */
  readonly ofNothing: 0 | null;
}

/** The sum of a figure over some calls; `null` if it is known of none. */
export type Sums = (figure: Figure) => number | null;

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
    of: (sums) => sums(figure) ?? (sums("idle") === sums("requests") ? 0 : null),
    ofNothing: 0,
  };
}

function count(figure: Figure): Computation {
  return { figures: [figure], sql: `sum(${figure})::DOUBLE`, of: (sums) => sums(figure), ofNothing: 0 };
}

function rate(part: Figure, whole: Figure): Computation {
  return {
    figures: [part, whole],
    sql: `sum(${part})::DOUBLE / nullif(sum(${whole}), 0)::DOUBLE`,
    of: (sums) => ratio(sums(part), sums(whole)),
    ofNothing: null,
  };
}

function ratio(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

const OUTPUT_RATE: Computation = {
  figures: ["rate_tokens", "rate_us"],
  sql: "(sum(rate_tokens) * 1000000)::DOUBLE / nullif(sum(rate_us), 0)::DOUBLE",
  of: (sums) => {
    const tokens = sums("rate_tokens");
    // Beyond what numbers hold exactly, SQL's integers still do.
    return ratio(tokens === null ? null : Number(BigInt(tokens) * 1_000_000n), sums("rate_us"));
  },
  ofNothing: null,
};

const COVERAGE: Computation = {
  figures: ["known", "idle", "requests"],
  sql: "sum(known)::DOUBLE / nullif(sum(requests) - sum(idle), 0)::DOUBLE",
  of: (sums) => ratio(sums("known"), (sums("requests") ?? 0) - (sums("idle") ?? 0)),
  ofNothing: null,
};

const COMPUTATIONS: Readonly<Partial<Record<Metric, Computation>>> = {
  cost: amount("cost_usd"),
  requests: count("requests"),
  errors: count("errors"),
  error_rate: rate("errors", "requests"),
  total_tokens: amount("total_tokens"),
  input_tokens: amount("total_input_tokens"),
  output_tokens: amount("total_output_tokens"),
  cached_input_tokens: amount("cached_input_tokens"),
  cache_write_tokens: amount("cache_write_tokens"),
  reasoning_tokens: amount("reasoning_tokens"),
  cache_hit_rate: rate("cached_input_tokens", "total_input_tokens"),
  output_tokens_per_second: OUTPUT_RATE,
  coverage: COVERAGE,
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
