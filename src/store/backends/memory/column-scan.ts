import { DURATION_BUCKETS } from "../../schema/duration-buckets.ts";
import type { DimensionSet } from "./dimension-sets.ts";
import type { ColumnBlock, FactColumn } from "./column-block.ts";
import { localTimeOf, slicesOf, type FactsRange } from "../sql/measures-sql.ts";
import { Groups } from "./group-keys.ts";
import type { Figure } from "../../schema/measures.ts";
import { HOUR } from "../../time/time-zone.ts";

/** Rows that belong together: of which hours, or single calls. */
export interface FactRows {
  readonly block: ColumnBlock;
  /** Rows that count; a block may have got more since. */
  readonly rows: number;
  /** `hours` count where a whole hour is wanted, `slices` where part of one is, and `all` wherever they lie. */
  readonly where: "hours" | "slices" | "all";
  readonly inTime: boolean;
}

export interface Facts {
  readonly rows: readonly FactRows[];
  readonly kinds: readonly DimensionSet[];
}

/** When the last call of all ended. */
export function lastTime({ rows }: Facts): number | null {
  let last = -Infinity;
  for (const { block } of rows) for (const ms of block.lasts.values()) last = Math.max(last, ms);
  return last === -Infinity ? null : last;
}

/** The rows of one block that a question is about. */
interface Chosen {
  readonly block: ColumnBlock;
  readonly length: number;
  readonly rows: Uint32Array;
  readonly groups: Uint32Array;
  readonly buckets: Uint16Array;
}

/** Sums of a figure by cell; `isKnown` tells where it is known of any call. */
export interface CellSums {
  readonly sums: Float64Array;
  readonly isKnown: Uint8Array;
}

/** What a question is about, chosen once and summed in several ways. */
export class ColumnScan {
  readonly groups: Groups;
  readonly kinds: readonly DimensionSet[];
  readonly #chosen: readonly Chosen[];

  constructor({ rows, kinds }: Facts, range: FactsRange) {
    this.kinds = kinds;
    this.groups = new Groups(range, kinds, localTimeOf(range));
    const isWanted = wantedTimes(range);
    this.#chosen = rows.flatMap((each) => this.#choose(each, range, isWanted[each.where]) ?? []);
  }

  /** The cell of each row that was chosen. */
  place({ count, of }: Cells): PlacedCells {
    const cells = this.#chosen.map(({ length, groups, buckets }) => {
      const places = new Int32Array(length);
      for (let at = 0; at < length; at++) places[at] = of(groups[at] ?? 0, buckets[at] ?? 0);
      return places;
    });
    return { count, cells };
  }

  sum(figure: Exclude<Figure, "cost_usd"> | FactColumn, { count, cells }: PlacedCells): CellSums {
    const sums = new Float64Array(count);
    const isKnown = new Uint8Array(count);
    const isCounted = countedKinds(figure, this.kinds);
    const column: FactColumn = figure === "known" || figure === "idle" ? "requests" : figure;
    for (const [nth, { block, length, rows }] of this.#chosen.entries()) {
      const values = block.columns[column];
      const places = cells[nth] ?? NOWHERE;
      for (let at = 0; at < length; at++) {
        const row = rows[at] ?? 0;
        const value = values[row] ?? 0;
        if (value !== value) continue;
        const cell = places[at] ?? 0;
        isKnown[cell] = 1;
        if (isCounted === undefined || isCounted[block.kinds[row] ?? 0] === 1) sums[cell] = (sums[cell] ?? 0) + value;
      }
    }
    return { sums, isKnown };
  }

  /** By kinds of calls, whatever group they are of. */
  sumByKind(column: FactColumn): Float64Array {
    const sums = new Float64Array(this.kinds.length);
    for (const { block, length, rows } of this.#chosen) {
      const values = block.columns[column];
      for (let at = 0; at < length; at++) {
        const row = rows[at] ?? 0;
        const kind = block.kinds[row] ?? 0;
        const value = values[row] ?? 0;
        if (value === value) sums[kind] = (sums[kind] ?? 0) + value;
      }
    }
    return sums;
  }

  /** Calls by cell and bucket of duration: `DURATION_BUCKETS` numbers for each cell. A cell below 0 is left out. */
  spread(of: "duration" | "ttft", { count, cells }: PlacedCells): Uint32Array {
    const counts = new Uint32Array(count * DURATION_BUCKETS);
    const isTimed = Uint8Array.from(this.kinds, ({ operation }) => (operation === "session" ? 0 : 1));
    for (const [nth, { block, length, rows }] of this.#chosen.entries()) {
      const spread = block[of];
      const places = cells[nth] ?? NOWHERE;
      for (let at = 0; at < length; at++) {
        const row = rows[at] ?? 0;
        if (isTimed[block.kinds[row] ?? 0] === 0) continue;
        const first = (places[at] ?? 0) * DURATION_BUCKETS;
        if (first < 0) continue;
        const end = spread.ends[row] ?? 0;
        for (let entry = row === 0 ? 0 : (spread.ends[row - 1] ?? 0); entry < end; entry++) {
          const place = first + (spread.buckets[entry] ?? 0);
          counts[place] = (counts[place] ?? 0) + (spread.counts[entry] ?? 0);
        }
      }
    }
    return counts;
  }

  #choose(from: FactRows, range: FactsRange, isWanted: (time: number) => boolean): Chosen | undefined {
    const { block, rows: count, where } = from;
    const earliest = where === "hours" ? Math.floor(range.from / HOUR) * HOUR : range.from;
    const [first, end] = from.inTime
      ? [firstFrom(block, count, earliest), firstFrom(block, count, range.to)]
      : [0, count];
    if (first >= end) return undefined;
    const rows = new Uint32Array(end - first);
    const groups = new Uint32Array(end - first);
    const buckets = new Uint16Array(end - first);
    const bucketAt = bucketsOf(range.edges);
    let length = 0;
    let [time, isIn, bucket] = [Number.NaN, false, 0];
    for (let row = first; row < end; row++) {
      const at = block.times[row] ?? 0;
      if (at !== time) [time, isIn, bucket] = [at, isWanted(at), bucketAt(at)];
      if (!isIn) continue;
      const group = this.groups.groupOf(block.kinds[row] ?? 0, at);
      if (group < 0) continue;
      rows[length] = row;
      groups[length] = group;
      buckets[length++] = bucket;
    }
    return { block, length, rows, groups, buckets };
  }
}

/** Where the sums of a group and bucket go. */
export interface Cells {
  readonly count: number;
  readonly of: (group: number, bucket: number) => number;
}

export interface PlacedCells {
  readonly count: number;
  readonly cells: readonly Int32Array[];
}

const NOWHERE = new Int32Array(0);

function countedKinds(figure: string, kinds: readonly DimensionSet[]): Uint8Array | undefined {
  if (figure === "known") return Uint8Array.from(kinds, ({ usage }) => (usage === "known" ? 1 : 0));
  if (figure !== "idle") return undefined;
  return Uint8Array.from(kinds, ({ usage }) => (usage === "not_applicable" || usage === "replay" ? 1 : 0));
}

function wantedTimes(range: FactsRange): Readonly<Record<FactRows["where"], (time: number) => boolean>> {
  const { from, to } = range;
  const slices = slicesOf(range);
  const { hours } = slices;
  const without = new Set(hours?.without);
  return {
    hours: (hour) => hours !== undefined && hour >= hours.from && hour < hours.to && !without.has(hour),
    slices: (time) => slices.calls.some((slice) => time >= slice.from && time < slice.to),
    all: (time) => time >= from && time < to,
  };
}

/** The bucket of a moment; moments mostly follow each other. */
function bucketsOf(edges: readonly number[]): (time: number) => number {
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

/** The first row of a block in order of time that is not before a moment. */
function firstFrom({ times }: ColumnBlock, rows: number, moment: number): number {
  let [low, high] = [0, rows];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
