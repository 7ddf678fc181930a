import { DURATION_BUCKETS } from "../../schema/duration-buckets.ts";
import { countedUsages, type MeasureName } from "../../schema/measures.ts";
import { HOUR } from "../../time/time-zone.ts";
import { offsetsOf, slicesOf, type QueryRange } from "../query-range.ts";
import type { ColumnBlock, ColumnName } from "./column-block.ts";
import type { DimensionSet } from "./dimension-sets.ts";
import { GroupIndex } from "./group-keys.ts";

/** The rows of a block, and which part of a range they cover. */
export interface BlockRows {
  readonly block: ColumnBlock;
  /** How many rows to read; a block may have grown since. */
  readonly rows: number;
  /** `hours` are sums of whole hours, `slices` single requests of split hours, `all` single requests of any time. */
  readonly covers: "hours" | "slices" | "all";
  readonly isSorted: boolean;
}

/** What memory holds for some ranges. */
export interface MemoryRows {
  readonly blocks: readonly BlockRows[];
  readonly sets: readonly DimensionSet[];
}

/** The rows of one block that are in the range and match its filters. */
interface SelectedRows {
  readonly block: ColumnBlock;
  readonly length: number;
  readonly rows: Uint32Array;
  readonly groups: Uint32Array;
  readonly buckets: Uint16Array;
}

/** Where the sums of a group and bucket are added up. */
export interface Accumulators {
  readonly count: number;
  /** The accumulator's number; below 0 for none. */
  readonly of: (group: number, bucket: number) => number;
}

/** The accumulator of each selected row, block by block. */
export interface Placement {
  readonly count: number;
  readonly byBlock: readonly Int32Array[];
}

/** Sums by accumulator; `isKnown` is 1 if a request reported the measure. */
export interface ColumnSums {
  readonly sums: Float64Array;
  readonly isKnown: Uint8Array;
}

const NO_ROWS = new Int32Array(0);

/** Selects the rows of a range once, for any number of sums. */
export class ColumnScan {
  readonly groups: GroupIndex;
  readonly sets: readonly DimensionSet[];
  readonly #selected: readonly SelectedRows[];

  constructor({ blocks, sets }: MemoryRows, range: QueryRange) {
    this.sets = sets;
    this.groups = new GroupIndex(range, sets, offsetsOf(range));
    const isCovered = coveredTimes(range);
    this.#selected = blocks.flatMap((rows) => this.#select(rows, range, isCovered[rows.covers]) ?? []);
  }

  place({ count, of }: Accumulators): Placement {
    const byBlock = this.#selected.map(({ length, groups, buckets }) => {
      const places = new Int32Array(length);
      for (let at = 0; at < length; at++) places[at] = of(groups[at] ?? 0, buckets[at] ?? 0);
      return places;
    });
    return { count, byBlock };
  }

  sum(measure: Exclude<MeasureName, "cost_usd"> | ColumnName, { count, byBlock }: Placement): ColumnSums {
    const sums = new Float64Array(count);
    const isKnown = new Uint8Array(count);
    const isCounted = this.#countedSets(measure);
    const column: ColumnName = measure === "known" || measure === "idle" ? "requests" : measure;
    for (const [nth, { block, length, rows }] of this.#selected.entries()) {
      const values = block.columns[column];
      const places = byBlock[nth] ?? NO_ROWS;
      for (let at = 0; at < length; at++) {
        const row = rows[at] ?? 0;
        const value = values[row] ?? 0;
        // Only NaN, an unknown value, differs from itself.
        if (value !== value) continue;
        const place = places[at] ?? 0;
        isKnown[place] = 1;
        if (isCounted === undefined || isCounted[block.sets[row] ?? 0] === 1) sums[place] = (sums[place] ?? 0) + value;
      }
    }
    return { sums, isKnown };
  }

  /** Sums by dimension set, whatever group the requests are in. */
  sumBySet(column: ColumnName): Float64Array {
    const sums = new Float64Array(this.sets.length);
    for (const { block, length, rows } of this.#selected) {
      const values = block.columns[column];
      for (let at = 0; at < length; at++) {
        const row = rows[at] ?? 0;
        const set = block.sets[row] ?? 0;
        const value = values[row] ?? 0;
        if (value === value) sums[set] = (sums[set] ?? 0) + value;
      }
    }
    return sums;
  }

  /** Requests by accumulator and bucket of duration: `DURATION_BUCKETS` numbers for each accumulator. */
  histogram(of: "duration" | "ttft", { count, byBlock }: Placement): Uint32Array {
    const counts = new Uint32Array(count * DURATION_BUCKETS);
    const isTimed = Uint8Array.from(this.sets, ({ operation }) => (operation === "session" ? 0 : 1));
    for (const [nth, { block, length, rows }] of this.#selected.entries()) {
      const histogram = block[of];
      const places = byBlock[nth] ?? NO_ROWS;
      for (let at = 0; at < length; at++) {
        const row = rows[at] ?? 0;
        if (isTimed[block.sets[row] ?? 0] === 0) continue;
        const first = (places[at] ?? 0) * DURATION_BUCKETS;
        if (first < 0) continue;
        const end = histogram.ends[row] ?? 0;
        for (let entry = row === 0 ? 0 : (histogram.ends[row - 1] ?? 0); entry < end; entry++) {
          const bucket = first + (histogram.buckets[entry] ?? 0);
          counts[bucket] = (counts[bucket] ?? 0) + (histogram.counts[entry] ?? 0);
        }
      }
    }
    return counts;
  }

  /** For a measure that counts requests by `usage`: 1 for each dimension set that it counts. */
  #countedSets(measure: MeasureName | ColumnName): Uint8Array | undefined {
    if (measure !== "known" && measure !== "idle") return undefined;
    const usages = countedUsages(measure) ?? [];
    return Uint8Array.from(this.sets, ({ usage }) => (usage !== null && usages.includes(usage) ? 1 : 0));
  }

  #select(source: BlockRows, range: QueryRange, isCovered: (time: number) => boolean): SelectedRows | undefined {
    const { block, rows: count, covers } = source;
    const earliest = covers === "hours" ? Math.floor(range.from / HOUR) * HOUR : range.from;
    const [first, end] = source.isSorted
      ? [firstFrom(block, count, earliest), firstFrom(block, count, range.to)]
      : [0, count];
    if (first >= end) return undefined;
    const rows = new Uint32Array(end - first);
    const groups = new Uint32Array(end - first);
    const buckets = new Uint16Array(end - first);
    const bucketAt = bucketLookup(range.edges);
    let length = 0;
    let [time, isIn, bucket] = [Number.NaN, false, 0];
    for (let row = first; row < end; row++) {
      const at = block.times[row] ?? 0;
      if (at !== time) [time, isIn, bucket] = [at, isCovered(at), bucketAt(at)];
      if (!isIn) continue;
      const group = this.groups.groupOf(block.sets[row] ?? 0, at);
      if (group < 0) continue;
      rows[length] = row;
      groups[length] = group;
      buckets[length++] = bucket;
    }
    return { block, length, rows, groups, buckets };
  }
}

function coveredTimes(range: QueryRange): Readonly<Record<BlockRows["covers"], (time: number) => boolean>> {
  const { from, to } = range;
  const { hours, requests } = slicesOf(range);
  const without = new Set(hours?.without);
  return {
    hours: (hour) => hours !== undefined && hour >= hours.from && hour < hours.to && !without.has(hour),
    slices: (time) => requests.some((slice) => time >= slice.from && time < slice.to),
    all: (time) => time >= from && time < to,
  };
}

/** The bucket of a time. The last one is cached, because consecutive times mostly are in the same bucket. */
function bucketLookup(edges: readonly number[]): (time: number) => number {
  let bucket = 0;
  return (time) => {
    if (time >= (edges[bucket] ?? Infinity) && time < (edges[bucket + 1] ?? Infinity)) return bucket;
    let [low, high] = [0, Math.max(0, edges.length - 2)];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((edges[middle] ?? 0) <= time) low = middle;
      else high = middle - 1;
    }
    return (bucket = low);
  };
}

/** The first row of a sorted block that is not before a time. */
function firstFrom({ times }: ColumnBlock, rows: number, time: number): number {
  let [low, high] = [0, rows];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
