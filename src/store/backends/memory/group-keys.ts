import { matchesFilter } from "../../filter/match-filter.ts";
import {
  clockValue,
  isClock,
  isNumeric,
  type ClockDimension,
  type Dimension,
  type DimensionValue,
} from "../../schema/dimensions.ts";
import type { Filter } from "../../schema/query.ts";
import type { Stretch } from "../../time/time-zone.ts";
import type { QueryRange } from "../query-range.ts";
import type { DimensionSet } from "./dimension-sets.ts";

function valueOf(dimension: Dimension, set: DimensionSet): DimensionValue {
  // as: callers pass neither a tag nor a clock dimension.
  const value = set[dimension as keyof DimensionSet];
  return value === null || !isNumeric(dimension) ? value : Number(value);
}

/** Local times. The offset is cached, because consecutive times mostly have the same one. */
class LocalClock {
  readonly #stretches: readonly Stretch[];
  #current: Stretch | undefined;

  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches;
    this.#current = stretches[0];
  }

  localAt(t: number): number {
    const current = this.#current;
    if (current !== undefined && (t < current.from || t >= current.to)) {
      // As in SQL: a time before all stretches has the offset of the first one, a time after them that of the last one.
      this.#current = this.#stretches.find(({ to }) => t < to) ?? this.#stretches.at(-1);
    }
    return t + (this.#current?.offset ?? 0);
  }
}

/** Packs a day, one of 24 hours and one of 7 weekdays into one number. */
const CLOCK_STEPS: Readonly<Record<ClockDimension, number>> = { day: 1024, hour: 32, weekday: 1 };
const CLOCK_WIDTH = 2 ** 31;

/** Assigns requests to groups, which are numbered in the order in which they are met. */
export class GroupIndex {
  readonly values: (readonly DimensionValue[])[] = [];
  readonly #range: QueryRange;
  readonly #clock: LocalClock;
  readonly #clocks: readonly ClockDimension[];
  readonly #clockFilters: readonly { readonly filter: Filter; readonly clock: ClockDimension }[];
  readonly #byText = new Map<string, number>();
  /** Group code of each dimension set without its clock dimensions; -1 if a filter excludes the set. */
  readonly #setCodes: Int32Array;
  readonly #setValues: (readonly DimensionValue[])[] = [];
  readonly #byCode = new Map<number, number>();
  #time = Number.NaN;
  /** Code of the clock values at `#time`; -1 if a filter excludes them. */
  #clockCode = 0;
  #clockValues: readonly number[] = [];

  constructor(range: QueryRange, sets: readonly DimensionSet[], offsets: readonly Stretch[]) {
    this.#range = range;
    this.#clock = new LocalClock(offsets);
    this.#clocks = range.dimensions.filter((dimension) => isClock(dimension));
    this.#clockFilters = range.filters.flatMap((filter) =>
      isClock(filter.dimension) ? [{ filter, clock: filter.dimension }] : [],
    );
    const filters = range.filters.filter(({ dimension }) => !isClock(dimension));
    this.#setCodes = Int32Array.from(sets, (set) =>
      filters.every((filter) => matchesFilter(filter, valueOf(filter.dimension, set))) ? this.#codeOf(set) : -1,
    );
  }

  /** The number of the group; -1 if a filter excludes the request. */
  groupOf(set: number, time: number): number {
    const code = this.#setCodes[set] ?? -1;
    if (code < 0 || (this.#clocks.length === 0 && this.#clockFilters.length === 0)) return code;
    if (time !== this.#time) this.#setTime(time);
    if (this.#clockCode < 0 || this.#clocks.length === 0) return this.#clockCode < 0 ? -1 : code;
    const both = code * CLOCK_WIDTH + this.#clockCode;
    return this.#byCode.get(both) ?? this.#newGroup(both, this.#setValues[code] ?? []);
  }

  #codeOf(set: DimensionSet): number {
    const fixed = this.#range.dimensions.filter((dimension) => !isClock(dimension));
    const values = fixed.map((dimension) => valueOf(dimension, set));
    const text = JSON.stringify(values);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const code = this.#byText.size;
    this.#byText.set(text, code);
    this.#setValues.push(values);
    if (this.#clocks.length === 0) this.values.push(values);
    return code;
  }

  #setTime(time: number): void {
    this.#time = time;
    const local = this.#clock.localAt(time);
    const matches = this.#clockFilters.every(({ filter, clock }) => matchesFilter(filter, clockValue(clock, local)));
    this.#clockValues = this.#clocks.map((clock) => clockValue(clock, local));
    const code = this.#clocks.reduce((sum, clock, at) => sum + (this.#clockValues[at] ?? 0) * CLOCK_STEPS[clock], 0);
    this.#clockCode = matches ? code : -1;
  }

  #newGroup(code: number, fixed: readonly DimensionValue[]): number {
    const [texts, clocks] = [[...fixed], [...this.#clockValues]];
    const values = this.#range.dimensions.map((each) => (isClock(each) ? clocks.shift() : texts.shift()) ?? null);
    this.#byCode.set(code, this.values.length);
    return this.values.push(values) - 1;
  }
}
