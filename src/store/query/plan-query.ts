import type { Order } from "../backends/backend.ts";
import type { QueryRange, RequestRange } from "../backends/query-range.ts";
import { checkFilter, shortQuoted } from "../filter/match-filter.ts";
import { isClock } from "../schema/dimensions.ts";
import { isMetric } from "../schema/metrics.ts";
import type { Query } from "../schema/query.ts";
import { QueryError } from "../schema/query-error.ts";
import type { Scope } from "../schema/reader.ts";
import { bucketCount, bucketEdges, chosenSize, MAX_BUCKETS, type BucketSize } from "../time/time-buckets.ts";
import { MOMENT_FORMS, momentOf, timeRange, type TimeRange } from "../time/time-range.ts";
import { timeZone, type TimeZone } from "../time/time-zone.ts";

/** A valid query with absolute times, its buckets and its order. */
export interface QueryPlan {
  readonly query: Query;
  readonly zone: TimeZone;
  readonly range: TimeRange;
  readonly size: BucketSize | "none";
  /** Where the buckets begin, and where the last one ends. Without buckets, both ends of the range. */
  readonly edges: readonly number[];
  readonly order: Order;
}

/** A response has one value for each bucket of each metric of each series. */
const MAX_VALUES = 2_000_000;

/** Throws a `QueryError` for an invalid query. */
export function planQuery(query: Query, now: number): QueryPlan {
  const { zone, range } = rangeOf(query, now);
  for (const filter of query.filters) checkFilter(filter);
  if (new Set(query.groupBy).size < query.groupBy.length) {
    throw new QueryError("group_by", `${query.groupBy[0]} is listed twice; use two different dimensions`);
  }
  const size = sizeOf(query, range);
  const edges = size === "none" ? [range.from, range.to] : bucketEdges(size, zone, range);
  const points = edges.length * query.metrics.length * (query.groupBy.length > 0 ? query.limit + 2 : 1);
  if (points > MAX_VALUES) {
    throw new QueryError("limit", `the result would have ${points} values; use fewer groups or longer buckets`);
  }
  return { query, zone, range, size, edges, order: orderOf(query) };
}

/** The requests of a scope. Throws a `QueryError` for an invalid one. */
export function requestsIn(scope: Scope, now: number): RequestRange {
  const { zone, range } = rangeOf(scope, now);
  for (const filter of scope.filters) checkFilter(filter);
  return { zone, from: range.from, to: range.to, filters: scope.filters };
}

export function queryRangeOf({ query, zone, range, edges }: QueryPlan, fromRequests = false): QueryRange {
  const { from, to } = range;
  const { groupBy, filters } = query;
  return { zone, from, to, edges, dimensions: groupBy, filters, fromRequests };
}

function rangeOf(
  { from, to, tz }: Pick<Query, "from" | "to" | "tz">,
  now: number,
): { readonly zone: TimeZone; readonly range: TimeRange } {
  const zone = timeZone(tz);
  if (zone === undefined) {
    throw new QueryError("tz", `unknown time zone ${shortQuoted(tz)}; use a name such as Europe/Berlin or UTC`);
  }
  for (const [where, text] of Object.entries({ from, to })) {
    if (momentOf(text, zone, now) === undefined) {
      throw new QueryError(where, `invalid time ${shortQuoted(text)}; use one such as ${MOMENT_FORMS}`);
    }
  }
  const range = timeRange({ from, to }, zone, now);
  if (range.from >= range.to) {
    throw new QueryError("to", `${shortQuoted(to)} is not after ${shortQuoted(from)}, where the range begins`);
  }
  return { zone, range };
}

function sizeOf({ bucket }: Query, { from, to }: TimeRange): BucketSize | "none" {
  if (bucket === "none") return bucket;
  if (bucket === "auto") return chosenSize(from, to);
  const count = Math.ceil(bucketCount(bucket, from, to));
  if (count > MAX_BUCKETS) {
    throw new QueryError("bucket", `${bucket} makes ${count} buckets of this range; the maximum is ${MAX_BUCKETS}`);
  }
  return bucket;
}

function orderOf({ order, metrics, groupBy }: Query): Order {
  const [first = "requests"] = metrics;
  if (order === undefined) {
    return groupBy[0] !== undefined && isClock(groupBy[0])
      ? { by: "key", descending: false }
      : { by: first, descending: true };
  }
  const descending = order.startsWith("-");
  const name = descending ? order.slice(1) : order;
  if (name === "key") return { by: name, descending };
  if (!isMetric(name)) throw new QueryError("order", `${shortQuoted(name)} is neither a metric nor key`);
  return { by: name, descending };
}
