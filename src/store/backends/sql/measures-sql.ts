import { bucketSql } from "../../schema/duration-buckets.ts";
import { dimensionSql, filterSql } from "./dimension-sql.ts";
import { isClock, tagOf, type Dimension } from "../../schema/dimensions.ts";
import type { Figure } from "../../schema/measures.ts";
import type { Filter } from "../../schema/query.ts";
import { moment, whole, type Statement } from "../../duckdb/statement.ts";
import { HOUR, stretches, type Stretch, type TimeZone } from "../../time/time-zone.ts";
import { bucketEdges } from "../../time/time-buckets.ts";

// From where the figures of a range are taken. Whole hours stand summed in `hours`; what lies in an hour through which a
// range, a bucket or a local day ends is taken from `calls`, and so is what `hours` does not tell apart.

export interface FactsRange {
  readonly zone: TimeZone;
  readonly from: number;
  readonly to: number;
  /** Where buckets end, besides the ends of the range. */
  readonly edges: readonly number[];
  readonly dimensions: readonly Dimension[];
  readonly filters: readonly Filter[];
  /** Everything from `calls`, as if there were no `hours`. */
  readonly fromCalls: boolean;
}

/** Some calls, each by itself. */
export type CallsRange = Pick<FactsRange, "zone" | "from" | "to" | "filters">;

/** Without groups and buckets, from wherever it comes soonest. */
export function plainRange(range: CallsRange, dimensions: readonly Dimension[] = []): FactsRange {
  const { zone, from, to, filters } = range;
  return { zone, from, to, filters, dimensions, edges: [], fromCalls: false };
}

export interface Slices {
  readonly hours: { readonly from: number; readonly to: number; readonly without: readonly number[] } | undefined;
  readonly calls: readonly { readonly from: number; readonly to: number }[];
}

/** Hours that are taken from `calls` instead; with more of them, or most of all, it is cheaper to take all. */
const MAX_SPLIT_HOURS = 64;

export function slicesOf(range: FactsRange): Slices {
  const { from, to } = range;
  const first = Math.ceil(from / HOUR) * HOUR;
  const last = Math.floor(to / HOUR) * HOUR;
  const all: Slices = { hours: undefined, calls: [{ from, to }] };
  if (range.fromCalls || first >= last || usesTags(range)) return all;
  const split = new Set<number>();
  for (const edge of [...range.edges, ...clockEdges(range)]) {
    const hour = Math.floor(edge / HOUR) * HOUR;
    if (hour !== edge && hour >= first && hour < last) split.add(hour);
    if (split.size > MAX_SPLIT_HOURS || split.size > (last - first) / HOUR / 2) return all;
  }
  const without = [...split].toSorted((one, other) => one - other);
  const calls = without.map((hour) => ({ from: hour, to: hour + HOUR }));
  if (from < first) calls.unshift({ from, to: first });
  if (last < to) calls.push({ from: last, to });
  return { hours: { from: first, to: last, without }, calls };
}

function usedDimensions({ dimensions, filters }: Pick<FactsRange, "dimensions" | "filters">): readonly Dimension[] {
  return [...dimensions, ...filters.map((filter) => filter.dimension)];
}

/** The zone's offsets over the range; they take a while to find, so only where a clock is asked for. */
export function localTimeOf(
  range: Pick<FactsRange, "zone" | "from" | "to" | "dimensions" | "filters">,
): readonly Stretch[] {
  return usedDimensions(range).some(isClock) ? stretches(range.zone, range.from, range.to) : [];
}

/** Whether it can be answered without looking at single calls beyond the hours in which something ends. */
export function canRemember(range: FactsRange): boolean {
  return !range.fromCalls && !usesTags(range);
}

function usesTags(range: FactsRange): boolean {
  return usedDimensions(range).some((dimension) => tagOf(dimension) !== undefined);
}

/** Where local days or hours end, if calls are told apart by them. */
function clockEdges(range: FactsRange): readonly number[] {
  const clocks = usedDimensions(range).filter((dimension) => isClock(dimension));
  if (clocks.length === 0) return [];
  return bucketEdges(clocks.includes("hour") ? "1h" : "1d", range.zone, range);
}

/** `g0`, `g1`: what is grouped by. `b`: the number of the bucket. Then the figures. */
export function factsSql(range: FactsRange, figures: readonly Figure[], statement: Statement): string {
  return unionOf(range, statement, {
    hours: figures.map((figure) => `${hourFigure(figure)} AS ${figure}`),
    calls: figures.map((figure) => `${CALL_FIGURES[figure]} AS ${figure}`),
  });
}

/** A WebSocket is open for as long as its client likes, which says nothing of how fast anybody was. */
const TIMED = "operation IS DISTINCT FROM 'session'";

/** As `factsSql`, with a bucket of durations and the number of calls in it. */
export function durationsSql(range: FactsRange, of: "duration" | "ttft", statement: Statement): string {
  return unionOf(range, statement, {
    hours: [`unnest(map_keys(${of}_buckets)) AS d`, `unnest(map_values(${of}_buckets)) AS n`],
    calls: [`${bucketSql(`${of}_ms`)} AS d`, "1::UBIGINT AS n"],
    callsOnly: `${of}_ms IS NOT NULL`,
    also: [TIMED],
  });
}

/** Rows of `calls` as they stand, with the moment as `t`. */
export function callsSql({ zone, from, to, filters }: CallsRange, statement: Statement): string {
  const local = localTimeOf({ zone, from, to, filters, dimensions: [] });
  const matches = filters.map((filter) => filterSql(filter, local, statement));
  const source = `SELECT epoch_ms(ts) AS t, * FROM calls WHERE ${callsBetween([{ from, to }])}`;
  return `SELECT * FROM (${source}) WHERE ${["true", ...matches].join(" AND ")}`;
}

/** How much is known of each call, and why not more. */
export function knowledgeSql(range: FactsRange, statement: Statement): string {
  const columns = ["usage", "usage_reason", "provider", "model"];
  const unpriced = Object.entries(CALL_UNPRICED).map(([name, value]) => `${value} AS ${name}`);
  return unionOf({ ...range, dimensions: [], edges: [] }, statement, {
    hours: [...columns, "requests", "unpriced", "unpriced_tokens"],
    calls: [...columns, "1::BIGINT AS requests", ...unpriced],
  });
}

/** The moments of the first and the last call of each part of the range that stands together. */
export function momentsSql(range: FactsRange, statement: Statement): string {
  return unionOf({ ...range, edges: [] }, statement, {
    hours: ["epoch_ms(first_ts) AS first", "epoch_ms(last_ts) AS last"],
    calls: ["t AS first", "t AS last"],
  });
}

/** What one call has of use without a price. */
export const CALL_UNPRICED = {
  unpriced: "(usage <> 'replay' AND coalesce(cost_source = 'none', false))::BIGINT",
  unpriced_tokens: `CASE WHEN usage <> 'replay' AND cost_source = 'none'
    THEN coalesce(total_input_tokens, 0) + coalesce(total_output_tokens, 0) ELSE 0 END`,
};

interface Branches {
  readonly hours: readonly string[];
  readonly calls: readonly string[];
  readonly callsOnly?: string;
  readonly also?: readonly string[];
}

function unionOf(
  range: FactsRange,
  statement: Statement,
  { hours, calls, callsOnly = "true", also = [] }: Branches,
): string {
  const slices = slicesOf(range);
  const local = localTimeOf(range);
  const matches = range.filters.map((filter) => filterSql(filter, local, statement));
  const groups = range.dimensions.map((dimension, at) => `${dimensionSql(dimension, local, statement)} AS g${at}`);
  const common = [...groups, `${bucketNumber(range.edges)} AS b`];
  const branch = (columns: readonly string[], source: string, only: readonly string[]): string =>
    `SELECT ${[...common, ...columns].join(", ")} FROM (${source}) WHERE ${["true", ...only, ...also, ...matches].join(" AND ")}`;
  const branches: string[] = [];
  if (slices.hours !== undefined) {
    const source = `SELECT epoch_ms(hour) AS t, * FROM hours WHERE ${hoursBetween(slices.hours)}`;
    branches.push(branch(hours, source, []));
  }
  for (const part of partsOf(slices.calls)) {
    const source = `SELECT epoch_ms(ts) AS t, * FROM calls WHERE ${callsBetween(part)}`;
    branches.push(branch(calls, source, [callsOnly]));
  }
  return branches.join(" UNION ALL ");
}

function hoursBetween({ from, to, without }: NonNullable<Slices["hours"]>): string {
  const except = without.length > 0 ? ` AND hour NOT IN (${without.map(moment).join(", ")})` : "";
  return `hour >= ${moment(from)} AND hour < ${moment(to)}${except}`;
}

/** One stretch each, so that all of the files that lies elsewhere is left out; of many it is cheaper to look at all once. */
function partsOf(slices: Slices["calls"]): readonly Slices["calls"][] {
  if (slices.length <= MAX_BRANCHES) return slices.map((slice) => [slice]);
  const [first, ...others] = slices;
  const last = others.pop();
  return first === undefined || last === undefined ? [] : [[first], others, [last]];
}

const MAX_BRANCHES = 4;

function callsBetween(slices: Slices["calls"]): string {
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return "false";
  const bounds = `ts >= ${moment(first.from)} AND ts < ${moment(last.to)}`;
  if (slices.length === 1) return bounds;
  const hours = slices.map(({ from }) => whole(Math.floor(from / HOUR)));
  return `${bounds} AND epoch_ms(ts) // ${HOUR} IN (${hours.join(", ")})`;
}

/** Neighbors of the same length are one run, in which the number is a matter of division. */
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

const USED = (column: string): string => `CASE WHEN usage <> 'replay' THEN ${column} END`;
const RATED = "usage <> 'replay' AND error_type IS NULL AND total_output_tokens > 0 AND duration_ms > 0";

/** What one call has of a figure. */
export const CALL_FIGURES: Readonly<Record<Figure, string>> = {
  requests: "1::BIGINT",
  errors: "(error_type IS NOT NULL)::BIGINT",
  cost_usd: USED("cost_usd"),
  total_tokens: USED("total_tokens"),
  total_input_tokens: USED("total_input_tokens"),
  total_output_tokens: USED("total_output_tokens"),
  cached_input_tokens: USED("cached_input_tokens"),
  cache_write_tokens: USED("cache_write_tokens"),
  reasoning_tokens: USED("reasoning_tokens"),
  rate_tokens: `CASE WHEN ${RATED} THEN total_output_tokens END`,
  rate_us: `CASE WHEN ${RATED} THEN round(greatest(duration_ms - coalesce(ttft_ms, 0), 0.001) * 1000)::BIGINT END`,
  known: "(usage = 'known')::BIGINT",
  idle: "(usage IN ('not_applicable', 'replay'))::BIGINT",
};

function hourFigure(figure: Figure): string {
  if (figure === "known") return "CASE WHEN usage = 'known' THEN requests ELSE 0 END";
  if (figure === "idle") return "CASE WHEN usage IN ('not_applicable', 'replay') THEN requests ELSE 0 END";
  return figure;
}
