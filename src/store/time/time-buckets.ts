import { DAY, HOUR, instantOf, MINUTE, stretches, type TimeZone } from "./time-zone.ts";

/** Sizes on the zone's clocks: a day may have 23 or 25 hours, and an hour 30 minutes. */
export const bucketNames = ["1m", "5m", "15m", "1h", "1d", "1w", "1mo"] as const;
export type BucketSize = (typeof bucketNames)[number];

/** A chart with more points cannot be read, and takes too long to compute. */
export const MAX_BUCKETS = 3_000;

const LENGTH: Readonly<Record<BucketSize, number>> = {
  "1m": MINUTE,
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "1h": HOUR,
  "1d": DAY,
  "1w": 7 * DAY,
  "1mo": 30 * DAY,
};

/** The approximate number of buckets. */
export function bucketCount(size: BucketSize, from: number, to: number): number {
  return (to - from) / LENGTH[size];
}

/** The finest bucket with which a chart has at most two hundred points. */
export function chosenSize(from: number, to: number): BucketSize {
  // as: the keys of the table above.
  const sizes = Object.keys(LENGTH) as BucketSize[];
  return sizes.find((size) => bucketCount(size, from, to) <= 200) ?? "1mo";
}

/**
 * The starts of the buckets, and at last the end of the range. Buckets begin at full units of the zone's clocks. The
 * first and the last are cut at the range.
 */
export function bucketEdges(size: BucketSize, zone: TimeZone, { from, to }: { from: number; to: number }): number[] {
  if (from >= to) return [];
  const inner = LENGTH[size] < DAY ? clockEdges(LENGTH[size], zone, from, to) : calendarEdges(size, zone, from, to);
  return [from, ...inner, to];
}

function clockEdges(unit: number, zone: TimeZone, from: number, to: number): number[] {
  return stretches(zone, from, to).flatMap((stretch) => {
    const edges = stretch.from > from ? [stretch.from] : [];
    const first = (Math.floor((stretch.from + stretch.offset) / unit) + 1) * unit - stretch.offset;
    for (let edge = first; edge < stretch.to; edge += unit) edges.push(edge);
    return edges;
  });
}

function calendarEdges(size: BucketSize, zone: TimeZone, from: number, to: number): number[] {
  const edges: number[] = [];
  let local = from + zone.offsetAt(from);
  for (;;) {
    local = nextUnit(size, local);
    const edge = instantOf(zone, local);
    if (edge >= to) return edges;
    if (edge > from) edges.push(edge);
  }
}

/** The start of the next day, week (weeks begin on Mondays) or month. */
function nextUnit(size: BucketSize, local: number): number {
  const date = new Date(local);
  if (size === "1mo") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  const days = size === "1w" ? 7 - ((date.getUTCDay() + 6) % 7) : 1;
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + days);
}
