import { moment, whole, type Statement } from "../../duckdb/statement.ts";
import { bucketSql } from "../../schema/duration-buckets.ts";
import { hourMeasureSql, requestMeasureSql, type MeasureName } from "../../schema/measures.ts";
import { HOUR } from "../../time/time-zone.ts";
import { offsetsOf, slicesOf, type QueryRange, type RequestRange, type Slices } from "../query-range.ts";
import { dimensionSql, filterSql } from "./dimension-sql.ts";

// SELECTs of the rows of a range: those of `hours` for whole hours, and those of `calls` for the rest.

/** Columns: `g0`, `g1` for the groups, `b` for the number of the bucket, and one for each measure. */
export function measuresSql(range: QueryRange, measures: readonly MeasureName[], statement: Statement): string {
  return unionOf(range, statement, {
    hours: measures.map((measure) => `${hourMeasureSql(measure)} AS ${measure}`),
    requests: measures.map((measure) => `${requestMeasureSql(measure)} AS ${measure}`),
  });
}

/** A WebSocket is open for as long as its client likes, so its duration says nothing about speed. */
const TIMED = "operation IS DISTINCT FROM 'session'";

/** As `measuresSql`, with a bucket of durations as `d` and the number of requests in it as `n`. */
export function durationsSql(range: QueryRange, of: "duration" | "ttft", statement: Statement): string {
  return unionOf(range, statement, {
    hours: [`unnest(map_keys(${of}_buckets)) AS d`, `unnest(map_values(${of}_buckets)) AS n`],
    requests: [`${bucketSql(`${of}_ms`)} AS d`, "1::UBIGINT AS n"],
    requestsOnly: `${of}_ms IS NOT NULL`,
    both: [TIMED],
  });
}

/** Rows of `calls` with all their columns, and the time in milliseconds as `t`. */
export function requestsSql({ zone, from, to, filters }: RequestRange, statement: Statement): string {
  const offsets = offsetsOf({ zone, from, to, filters, dimensions: [] });
  const matches = filters.map((filter) => filterSql(filter, offsets, statement));
  const source = `SELECT epoch_ms(ts) AS t, * FROM calls WHERE ${requestsBetween([{ from, to }])}`;
  return `SELECT * FROM (${source}) WHERE ${["true", ...matches].join(" AND ")}`;
}

/** How much is known of the requests, and why not more. */
export function coverageRowsSql(range: QueryRange, statement: Statement): string {
  const columns = ["usage", "usage_reason", "provider", "model"];
  const measures = ["requests", "unpriced", "unpriced_tokens"] as const;
  return unionOf({ ...range, dimensions: [], edges: [] }, statement, {
    hours: [...columns, ...measures],
    requests: [...columns, ...measures.map((measure) => `${requestMeasureSql(measure)} AS ${measure}`)],
  });
}

/** The times of the first and the last request, of each hour and of each single request. */
export function firstAndLastSql(range: QueryRange, statement: Statement): string {
  return unionOf({ ...range, edges: [] }, statement, {
    hours: ["epoch_ms(first_ts) AS first", "epoch_ms(last_ts) AS last"],
    requests: ["t AS first", "t AS last"],
  });
}

interface Branches {
  readonly hours: readonly string[];
  readonly requests: readonly string[];
  readonly requestsOnly?: string;
  readonly both?: readonly string[];
}

function unionOf(
  range: QueryRange,
  statement: Statement,
  { hours, requests, requestsOnly = "true", both = [] }: Branches,
): string {
  const slices = slicesOf(range);
  const offsets = offsetsOf(range);
  const matches = range.filters.map((filter) => filterSql(filter, offsets, statement));
  const groups = range.dimensions.map((dimension, at) => `${dimensionSql(dimension, offsets, statement)} AS g${at}`);
  const common = [...groups, `${bucketNumber(range.edges)} AS b`];
  const branch = (columns: readonly string[], source: string, only: readonly string[]): string =>
    `SELECT ${[...common, ...columns].join(", ")} FROM (${source}) WHERE ${["true", ...only, ...both, ...matches].join(" AND ")}`;
  const branches: string[] = [];
  if (slices.hours !== undefined) {
    const source = `SELECT epoch_ms(hour) AS t, * FROM hours WHERE ${hoursBetween(slices.hours)}`;
    branches.push(branch(hours, source, []));
  }
  for (const part of spansOf(slices.requests)) {
    const source = `SELECT epoch_ms(ts) AS t, * FROM calls WHERE ${requestsBetween(part)}`;
    branches.push(branch(requests, source, [requestsOnly]));
  }
  return branches.join(" UNION ALL ");
}

function hoursBetween({ from, to, without }: NonNullable<Slices["hours"]>): string {
  const except = without.length > 0 ? ` AND hour NOT IN (${without.map(moment).join(", ")})` : "";
  return `hour >= ${moment(from)} AND hour < ${moment(to)}${except}`;
}

/** One branch for each slice lets DuckDB skip row groups outside it. For many slices, reading the span between them once is cheaper. */
function spansOf(slices: Slices["requests"]): readonly Slices["requests"][] {
  if (slices.length <= MAX_BRANCHES) return slices.map((slice) => [slice]);
  const [first, ...others] = slices;
  const last = others.pop();
  return first === undefined || last === undefined ? [] : [[first], others, [last]];
}

const MAX_BRANCHES = 4;

function requestsBetween(slices: Slices["requests"]): string {
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return "false";
  const bounds = `ts >= ${moment(first.from)} AND ts < ${moment(last.to)}`;
  if (slices.length === 1) return bounds;
  const hours = slices.map(({ from }) => whole(Math.floor(from / HOUR)));
  return `${bounds} AND epoch_ms(ts) // ${HOUR} IN (${hours.join(", ")})`;
}

/** The number of the bucket at `t`. Consecutive buckets of the same length need only one division. */
function bucketNumber(edges: readonly number[]): string {
  const cases: string[] = [];
  for (let index = 0; index + 1 < edges.length;) {
    const from = edges[index] ?? 0;
    const unit = (edges[index + 1] ?? 0) - from;
    let next = index + 1;
    while (next + 1 < edges.length && (edges[next + 1] ?? 0) - (edges[next] ?? 0) === unit) next += 1;
    cases.push(`WHEN t < ${whole(edges[next] ?? 0)} THEN ${whole(index)} + (t - ${whole(from)}) // ${whole(unit)}`);
    index = next;
  }
  return cases.length === 0 ? "0" : `CASE ${cases.join(" ")} END`;
}
