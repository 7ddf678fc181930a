import { bucketSql } from "./duration-buckets.ts";
import { measureColumns } from "./measures.ts";
import { SEGMENT, type Column } from "./request-columns.ts";

// The relation `hours`: what happened in each hour (UTC), for each combination of the dimensions. All measures can be
// added up over any rows. A combination may have several rows for one hour, one for
// each ledger file, so a query always adds them up.
//
//   requests                 sum(requests)
//   tokens                   sum(total_tokens), NULL if no request reports them; sum(total_tokens_known) requests do
//   cost                     sum(cost_usd); exact, so the order of adding up makes no difference
//   coverage                 sum(requests) FILTER (usage = 'known'), and likewise for other values
//   cache hit rate           sum(cached_input_tokens) / sum(total_input_tokens)
//   output tokens a second   sum(rate_tokens) / (sum(rate_us) / 1e6)
//   percentiles              unnest duration_buckets (without the operation session: a WebSocket is open for as long as its
//                            client likes), sum by bucket, then take the bucket in which the rank falls
//
// Tags, and ranges that do not begin and end at a full hour, need `calls`.

/** The dimensions of `hours`; each is as in `calls`. */
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

/** The beginning of the hour, in microseconds. `time_bucket` consults the calendar for each row: a hundred times slower. */
const HOUR = "make_timestamptz(epoch_us(ts) // 3600000000 * 3600000000)";

const SUMMED: readonly Column[] = [
  ...measureColumns,
  ...(["duration", "ttft"] as const).map((time) => ({
    name: `${time}_buckets`,
    type: "MAP(USMALLINT, UBIGINT)",
    meaning: `Number of requests in each bucket of ${time}_ms.`,
    value: `histogram(${bucketSql(`${time}_ms`)}) FILTER (${time}_ms IS NOT NULL)`,
  })),
  { name: "first_ts", type: "TIMESTAMPTZ", meaning: "End of the first of these requests.", value: "min(ts)" },
  { name: "last_ts", type: "TIMESTAMPTZ", meaning: "End of the last of these requests.", value: "max(ts)" },
];

export const HOUR_COLUMNS: readonly Column[] = [
  { name: "hour", type: "TIMESTAMPTZ", meaning: "Beginning of the hour, UTC.", value: HOUR },
  ...HOUR_DIMENSIONS.map((name) => ({
    name,
    type: name === "status" ? "SMALLINT" : "VARCHAR",
    meaning: "As in calls.",
    value: name,
  })),
  ...SUMMED,
];

export const HOUR_NAMES: string = HOUR_COLUMNS.map(({ name }) => name).join(", ");

/** The rows of `hours` for the rows of `calls` in `source`, with their segment. */
export function hoursSql(source: string): string {
  const groupColumns = [...HOUR_DIMENSIONS, SEGMENT].join(", ");
  const sums = SUMMED.map(({ name, type, value }) => `(${value})::${type} AS ${name}`);
  return `SELECT ${HOUR} AS hour, ${HOUR_DIMENSIONS.join(", ")}, ${sums.join(", ")}, ${SEGMENT}
    FROM ${source} GROUP BY 1, ${groupColumns}`;
}
