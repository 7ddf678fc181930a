import { isClock, tagOf, type Dimension } from "../schema/dimensions.ts";
import type { Filter } from "../schema/query.ts";
import { bucketEdges } from "../time/time-buckets.ts";
import { HOUR, stretches, type Stretch, type TimeZone } from "../time/time-zone.ts";

// Which rows a range is computed from. Whole hours come from the sums in `hours`. Single requests, from `calls`, are read
// only for the hours in which the range, a bucket or a local day ends, and for dimensions that `hours` does not have.

/** Requests to aggregate, and by what to group them. */
export interface QueryRange {
  readonly zone: TimeZone;
  readonly from: number;
  readonly to: number;
  /** Where buckets begin and end, besides the ends of the range. */
  readonly edges: readonly number[];
  readonly dimensions: readonly Dimension[];
  readonly filters: readonly Filter[];
  /** Read single requests only. Tests compare this with the sums in `hours`. */
  readonly fromRequests: boolean;
}

/** Requests to read one by one. */
export type RequestRange = Pick<QueryRange, "zone" | "from" | "to" | "filters">;

/** A range without buckets. */
export function unbucketed(range: RequestRange, dimensions: readonly Dimension[] = []): QueryRange {
  const { zone, from, to, filters } = range;
  return { zone, from, to, filters, dimensions, edges: [], fromRequests: false };
}

export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

export interface Slices {
  /** Hours whose sums are used: those between `from` and `to` except `without`. */
  readonly hours: (TimeSpan & { readonly without: readonly number[] }) | undefined;
  /** Times whose single requests are read. */
  readonly requests: readonly TimeSpan[];
}

/** Above this many split hours, or half of all hours, reading every single request is cheaper. */
const MAX_SPLIT_HOURS = 64;

export function slicesOf(range: QueryRange): Slices {
  const { from, to } = range;
  const first = Math.ceil(from / HOUR) * HOUR;
  const last = Math.floor(to / HOUR) * HOUR;
  const requestsOnly: Slices = { hours: undefined, requests: [{ from, to }] };
  if (range.fromRequests || first >= last || usesTags(range)) return requestsOnly;
  const split = new Set<number>();
  for (const edge of [...range.edges, ...clockEdges(range)]) {
    const hour = Math.floor(edge / HOUR) * HOUR;
    if (hour !== edge && hour >= first && hour < last) split.add(hour);
    if (split.size > MAX_SPLIT_HOURS || split.size > (last - first) / HOUR / 2) return requestsOnly;
  }
  const without = [...split].toSorted((one, other) => one - other);
  const requests = without.map((hour) => ({ from: hour, to: hour + HOUR }));
  if (from < first) requests.unshift({ from, to: first });
  if (last < to) requests.push({ from: last, to });
  return { hours: { from: first, to: last, without }, requests };
}

/** The zone's offsets over the range. Computing them is slow, so the list is empty unless a clock dimension is used. */
export function offsetsOf(
  range: Pick<QueryRange, "zone" | "from" | "to" | "dimensions" | "filters">,
): readonly Stretch[] {
  return usedDimensions(range).some(isClock) ? stretches(range.zone, range.from, range.to) : [];
}

/** True if the range can use the sums in `hours`. */
export function canUseHours(range: QueryRange): boolean {
  return !range.fromRequests && !usesTags(range);
}

function usesTags(range: QueryRange): boolean {
  return usedDimensions(range).some((dimension) => tagOf(dimension) !== undefined);
}

/** Where local days or hours end, if requests are grouped or filtered by them. */
function clockEdges(range: QueryRange): readonly number[] {
  const clocks = usedDimensions(range).filter((dimension) => isClock(dimension));
  if (clocks.length === 0) return [];
  return bucketEdges(clocks.includes("hour") ? "1h" : "1d", range.zone, range);
}

function usedDimensions({ dimensions, filters }: Pick<QueryRange, "dimensions" | "filters">): readonly Dimension[] {
  return [...dimensions, ...filters.map((filter) => filter.dimension)];
}
