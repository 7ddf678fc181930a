import type { DuckDBConnection } from "@duckdb/node-api";
import { MemoryBackend } from "../backends/memory/memory-backend.ts";
import type { QueryRange } from "../backends/query-range.ts";
import type { Group, QueryResult } from "../backends/query-result.ts";
import { keyOf, labelOf } from "../schema/dimensions.ts";
import type { Coverage, Metric, Query, QueryResponse, Series, Values } from "../schema/query.ts";
import { withOffset } from "../time/time-zone.ts";
import { chooseBackend, type QueryContext } from "./choose-backend.ts";
import { planQuery, queryRangeOf, type QueryPlan } from "./plan-query.ts";

export interface ExecuteOptions extends QueryContext {
  /** Reads single requests only, as if there were no hourly sums. The result is the same, but slower: for tests that compare both. */
  readonly fromRequests?: boolean;
}

/** Runs a query inside an open read transaction of `connection`. Throws a `QueryError` for an invalid query. */
export async function execute(
  connection: DuckDBConnection,
  query: Query,
  options: ExecuteOptions,
): Promise<QueryResponse> {
  const plan = planQuery(query, options.now);
  const { zone, range, edges, size, order } = plan;
  const { result, previous, coverage, lastRequest } = await compute(connection, plan, options);
  return {
    query: {
      ...query,
      from: withOffset(zone, range.from),
      to: withOffset(zone, range.to),
      tz: zone.name,
      bucket: size,
      order: `${order.descending ? "-" : ""}${order.by}`,
    },
    buckets: size === "none" ? [] : edges.slice(0, -1).map((edge) => withOffset(zone, edge)),
    series: seriesOf(plan, result, previous),
    totals: toSeries(plan, { group: "all", key: [], label: "total" }, result, previous),
    coverage,
    partialFrom: partialFrom(plan, options.now),
    through: lastRequest === null ? null : new Date(lastRequest).toISOString(),
    generatedAt: new Date(options.now).toISOString(),
  };
}

interface Computed {
  readonly result: QueryResult;
  readonly previous: QueryResult | undefined;
  readonly coverage: Coverage;
  readonly lastRequest: number | null;
}

async function compute(connection: DuckDBConnection, plan: QueryPlan, options: ExecuteOptions): Promise<Computed> {
  const current = queryRangeOf(plan, options.fromRequests);
  const earlier = plan.query.compare === "previous" ? earlierRange(plan, current) : undefined;
  const backend = await chooseBackend(connection, options, earlier === undefined ? [current] : [current, earlier]);
  const result = await backend.aggregate(current, { ...plan, groups: undefined });
  // The previous period shows the groups of the current one, even if others were larger then.
  const previous = earlier && (await backend.aggregate(earlier, { ...plan, groups: result.groups }));
  if (backend instanceof MemoryBackend) {
    const [coverage, lastRequest] = [await backend.coverage(current), await backend.lastRequest()];
    return { result, previous, coverage, lastRequest };
  }
  // The query needed SQL, but coverage has neither groups nor buckets, so memory may be enough for it.
  const whole = { ...current, dimensions: [], edges: [current.from, current.to] };
  const other = await chooseBackend(connection, options, [whole]);
  return { result, previous, coverage: await other.coverage(whole), lastRequest: await other.lastRequest() };
}

/** The range to compare with, with a bucket for each current one. A day that it lacks, such as 31 February, is empty. */
function earlierRange({ range, edges }: QueryPlan, current: QueryRange): QueryRange {
  const earlier = edges.map((edge) => range.earlier(edge));
  return { ...current, from: range.earlier(range.from), to: range.earlier(range.to), edges: earlier };
}

function seriesOf(plan: QueryPlan, result: QueryResult, previous: QueryResult | undefined): Series[] {
  const { groupBy } = plan.query;
  if (groupBy.length === 0) return [];
  const shown = result.groups.map((values, group) => {
    const key = groupBy.map((dimension, at) => keyOf(dimension, values[at]));
    const label = groupBy.map((dimension, at) => labelOf(dimension, key[at] ?? null)).join(" · ");
    return toSeries(plan, { group, key, label }, result, previous);
  });
  if (!result.hasRequests("other") && previous?.hasRequests("other") !== true) return shown;
  return [...shown, toSeries(plan, { group: "other", key: [], label: "other" }, result, previous)];
}

interface SeriesName {
  readonly group: Group;
  readonly key: (string | null)[];
  readonly label: string;
}

function toSeries(
  plan: QueryPlan,
  { group, key, label }: SeriesName,
  result: QueryResult,
  previous: QueryResult | undefined,
): Series {
  const { metrics } = plan.query;
  return {
    key,
    label,
    other: group === "other",
    total: totalOf(metrics, result, group),
    previous: previous === undefined ? null : totalOf(metrics, previous, group),
    points: pointsOf(plan, result, group),
    previousPoints: previous === undefined ? null : pointsOf(plan, previous, group),
  };
}

function totalOf(metrics: readonly Metric[], result: QueryResult, group: Group): Values {
  return Object.fromEntries(metrics.map((metric) => [metric, result.get(group, "all", metric)]));
}

function pointsOf({ query, size, edges }: QueryPlan, result: QueryResult, group: Group): Series["points"] {
  const count = size === "none" ? 0 : edges.length - 1;
  return Object.fromEntries(
    query.metrics.map((metric) => {
      const points = Array.from({ length: count }, (_, bucket) => result.get(group, bucket, metric));
      return [metric, points];
    }),
  );
}

/** The start of the bucket that can still grow; null if none can. A request counts when it ends, so no past bucket can. */
function partialFrom({ range, edges, zone }: QueryPlan, now: number): string | null {
  if (range.to < now) return null;
  const begun = edges.slice(0, -1).findLast((edge) => edge <= now);
  return withOffset(zone, begun ?? range.from);
}
