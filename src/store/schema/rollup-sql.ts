import { bucketSql } from "./duration-buckets.ts";
import { HOUR_COLUMNS, HOUR_DIMENSIONS, HOUR_SUMS } from "./hour-columns.ts";
import { SEGMENT } from "../ingest/record-sql.ts";

/** In whole numbers: `time_bucket` of a time with a zone asks the calendar about each row, which takes a hundred times as long. */
const HOUR = "make_timestamptz(epoch_us(ts) // 3600000000 * 3600000000)";
const COUNTED = "FILTER (usage <> 'replay')";
const UNPRICED = "FILTER (usage <> 'replay' AND cost_source = 'none')";
/** Calls whose output came at a rate that means something. */
const RATED = "FILTER (usage <> 'replay' AND error_type IS NULL AND total_output_tokens > 0 AND duration_ms > 0)";

const FIGURES: readonly string[] = [
  "count(*) AS requests",
  "count(error_type) AS errors",
  ...HOUR_SUMS.flatMap((name) => [`sum(${name}) ${COUNTED} AS ${name}`, `count(${name}) ${COUNTED} AS ${name}_known`]),
  `sum(cost_usd) ${COUNTED} AS cost_usd`,
  `count(cost_usd) ${COUNTED} AS priced`,
  `count(*) ${UNPRICED} AS unpriced`,
  `coalesce(sum(coalesce(total_input_tokens, 0) + coalesce(total_output_tokens, 0)) ${UNPRICED}, 0) AS unpriced_tokens`,
  `coalesce(sum(total_output_tokens) ${RATED}, 0) AS rate_tokens`,
  `coalesce(sum(round(greatest(duration_ms - coalesce(ttft_ms, 0), 0.001) * 1000)::BIGINT) ${RATED}, 0) AS rate_us`,
  "sum(round(duration_ms * 1000)::BIGINT) AS duration_us",
  `histogram(${bucketSql("duration_ms")}) FILTER (duration_ms IS NOT NULL) AS duration_buckets`,
  `histogram(${bucketSql("ttft_ms")}) FILTER (ttft_ms IS NOT NULL) AS ttft_buckets`,
  "min(ts) AS first_ts",
  "max(ts) AS last_ts",
];

const TYPES: ReadonlyMap<string, string> = new Map(HOUR_COLUMNS.map(({ name, type }) => [name, type]));

export const HOUR_NAMES: string = HOUR_COLUMNS.map(({ name }) => name).join(", ");

/** The hours of the calls in `from`. */
export function hoursSql(from: string): string {
  const dimensions = [...HOUR_DIMENSIONS, SEGMENT].join(", ");
  const figures = FIGURES.map((figure) => {
    const [, expression = "", name = ""] = /^(.*) AS (\w+)$/.exec(figure) ?? [];
    return `(${expression})::${TYPES.get(name)} AS ${name}`;
  });
  return `SELECT ${HOUR} AS hour, ${HOUR_DIMENSIONS.join(", ")}, ${figures.join(", ")}, ${SEGMENT}
    FROM ${from} GROUP BY 1, ${dimensions}`;
}
