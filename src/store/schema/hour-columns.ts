// The relation `hours`: what happened in each hour (UTC), for each combination of the dimensions. All figures can be
// added up over any rows; a combination may have several rows of the same hour, so they must be.
//
//   requests in all         sum(requests)
//   tokens                  sum(total_tokens), NULL where nothing is known; sum(total_tokens_known) calls are behind it
//   cost                    sum(cost_usd), exact: the order of adding up makes no difference
//   coverage                sum(requests) FILTER (usage = 'known') and so on
//   cache hit rate          sum(cached_input_tokens) / sum(total_input_tokens)
//   output tokens a second  sum(rate_tokens) / (sum(rate_us) / 1e6)
//   percentiles             unnest duration_buckets (not of the operation session: a WebSocket is open for as long as its
//                           client likes), sum by bucket, then the bucket in which the rank falls
//
// Not here, only in `calls`: tags, and bounds of a range that are not at a full hour.
export interface HourColumn {
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
}

/** By what `hours` is grouped; each as in `calls`. */
export const HOUR_DIMENSIONS = [
  "owner",
  "key",
  "provider",
  "model",
  "endpoint",
  "operation",
  "status",
  "error_type",
  "client_app",
  "usage",
  "usage_reason",
] as const;

/** Sums over calls whose `usage` is not `replay`. Each has a second column, `<name>_known`: of how many calls. */
export const HOUR_SUMS = [
  "total_input_tokens",
  "total_output_tokens",
  "total_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "estimated_input_tokens",
  "estimated_output_tokens",
] as const;

const FIGURES: readonly HourColumn[] = [
  {
    name: "requests",
    type: "BIGINT",
    meaning: "Calls, whatever became of them; replays and closings of sessions too.",
  },
  { name: "errors", type: "BIGINT", meaning: "Calls that have an error_type." },
  ...HOUR_SUMS.flatMap((name) => [
    { name, type: "BIGINT", meaning: `Sum of ${name}; NULL if it is known of no call. Replays left out.` },
    { name: `${name}_known`, type: "BIGINT", meaning: `Calls of which ${name} is known.` },
  ]),
  { name: "cost_usd", type: "DECIMAL(38, 12)", meaning: "Sum of cost_usd; NULL if no call has a cost." },
  { name: "priced", type: "BIGINT", meaning: "Calls that have a cost." },
  { name: "unpriced", type: "BIGINT", meaning: "Calls of which something has no price (cost_source none)." },
  { name: "unpriced_tokens", type: "BIGINT", meaning: "total_input_tokens and total_output_tokens of those." },
  { name: "rate_tokens", type: "BIGINT", meaning: "Output tokens of the calls that rate_us is about." },
  {
    name: "rate_us",
    type: "BIGINT",
    meaning:
      "Microseconds from the first content (of a stream) or the request head to the end, of calls without error, with output and known duration.",
  },
  { name: "duration_us", type: "BIGINT", meaning: "Sum of duration_ms, in microseconds." },
  { name: "duration_buckets", type: "MAP(USMALLINT, UBIGINT)", meaning: "Calls by bucket of duration_ms: buckets.ts." },
  { name: "ttft_buckets", type: "MAP(USMALLINT, UBIGINT)", meaning: "Calls by bucket of ttft_ms: buckets.ts." },
  { name: "first_ts", type: "TIMESTAMPTZ", meaning: "End of the first of these calls." },
  { name: "last_ts", type: "TIMESTAMPTZ", meaning: "End of the last of these calls." },
];

/** `hour` is where it begins: TIMESTAMPTZ, a multiple of 3600 seconds. */
export const HOUR_COLUMNS: readonly HourColumn[] = [
  { name: "hour", type: "TIMESTAMPTZ", meaning: "Beginning of the hour, UTC." },
  ...HOUR_DIMENSIONS.map((name) => ({
    name,
    type: name === "status" ? "SMALLINT" : "VARCHAR",
    meaning: `As in calls; NULL is unknown.`,
  })),
  ...FIGURES,
];
