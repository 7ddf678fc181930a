import { checkFilter, shortQuoted } from "../filter/match-filter.ts";
import { isClock } from "../schema/dimensions.ts";
import type { CallsRange } from "../backends/sql/measures-sql.ts";
import { metric, type Metric, type Query } from "../schema/query.ts";
import { QueryError } from "../schema/query-error.ts";
import { bucketCount, bucketEdges, chosenSize, MAX_BUCKETS, type BucketSize } from "../time/time-buckets.ts";
import { MOMENT_FORMS, momentOf, timeRange, type TimeRange } from "../time/time-range.ts";
import { timeZone, type TimeZone } from "../time/time-zone.ts";

/** A question of which nothing is left open. */
export interface QueryPlan {
  readonly question: Query;
  readonly zone: TimeZone;
  readonly range: TimeRange;
  readonly size: BucketSize | "none";
  /** Where the buckets begin, and where the last one ends; without buckets both ends of the range. */
  readonly edges: readonly number[];
  readonly order: Order;
}

export interface Order {
  /** `key`: by the groups themselves. */
  readonly by: Metric | "key";
  readonly descending: boolean;
}

/** Values that an answer may hold: a bucket of a series of a metric is one. */
const MAX_VALUES = 2_000_000;

/** Throws a `QueryError` for what cannot be answered. */
export function decide(question: Query, now: number): QueryPlan {
  const { zone, range } = rangeOf(question, now);
  for (const filter of question.filters) checkFilter(filter);
  if (new Set(question.groupBy).size < question.groupBy.length) {
    throw new QueryError("group_by", `${question.groupBy[0]} twice; two different dimensions are wanted`);
  }
  const size = sizeOf(question, range);
  const edges = size === "none" ? [range.from, range.to] : bucketEdges(size, zone, range);
  const points = edges.length * question.metrics.length * (question.groupBy.length > 0 ? question.limit + 2 : 1);
  if (points > MAX_VALUES) {
    throw new QueryError("limit", `the answer would hold ${points} values; ask for fewer groups or longer buckets`);
  }
  return { question, zone, range, size, edges, order: orderOf(question) };
}

/** The time zone and the moments of a question, or what is wrong with them. */
function rangeOf(
  question: Pick<Query, "from" | "to" | "tz">,
  now: number,
): { readonly zone: TimeZone; readonly range: TimeRange } {
  const zone = timeZone(question.tz);
  if (zone === undefined)
    throw new QueryError("tz", `${shortQuoted(question.tz)} is no time zone such as Europe/Berlin or UTC`);
  for (const where of ["from", "to"] as const) {
    if (momentOf(question[where], zone, now) === undefined) {
      throw new QueryError(where, `${shortQuoted(question[where])} is no moment such as ${MOMENT_FORMS}`);
    }
  }
  const range = timeRange(question, zone, now);
  if (range.from >= range.to) {
    throw new QueryError(
      "to",
      `${shortQuoted(question.to)} is not after ${shortQuoted(question.from)}, where the range begins`,
    );
  }
  return { zone, range };
}

/** The calls that a scope is about. */
export function requestsIn(scope: Pick<Query, "from" | "to" | "tz" | "filters">, now: number): CallsRange {
  const { zone, range } = rangeOf(scope, now);
  for (const filter of scope.filters) checkFilter(filter);
  return { zone, from: range.from, to: range.to, filters: scope.filters };
}

function sizeOf({ bucket }: Query, { from, to }: TimeRange): BucketSize | "none" {
  if (bucket === "none") return bucket;
  if (bucket === "auto") return chosenSize(from, to);
  const count = Math.ceil(bucketCount(bucket, from, to));
  if (count > MAX_BUCKETS) {
    throw new QueryError(
      "bucket",
      `${bucket} makes ${count} buckets of this range; at most ${MAX_BUCKETS} are answered`,
    );
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
  const known = metric.safeParse(name);
  if (!known.success) throw new QueryError("order", `${shortQuoted(name)} is neither a metric nor key`);
  return { by: known.data, descending };
}
