import type { DimensionSet } from "./dimension-sets.ts";
import { matchesFilter } from "../../filter/match-filter.ts";
import {
  clockValue,
  isClock,
  isNumeric,
  type ClockDimension,
  type Dimension,
  type DimensionValue,
} from "../../schema/dimensions.ts";
import type { FactsRange } from "../sql/measures-sql.ts";
import type { Filter } from "../../schema/query.ts";
import type { Stretch } from "../../time/time-zone.ts";

// Which group a call is of, and whether a filter lets it through: as `dimensions.ts` has it in SQL.

function kindValue(dimension: Dimension, kind: DimensionSet): DimensionValue {
  // as: whoever asks has made sure that it is neither a tag nor a clock.
  const value = kind[dimension as keyof DimensionSet];
  return value === null || !isNumeric(dimension) ? value : Number(value);
}

/** Offsets of a zone, looked up for moments that mostly follow each other. */
class LocalClock {
  readonly #stretches: readonly Stretch[];
  #now: Stretch | undefined;

  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches;
    this.#now = stretches[0];
  }

  localAt(t: number): number {
    const now = this.#now;
    if (now !== undefined && (t < now.from || t >= now.to)) {
      // As in SQL, what lies before all stretches is of the first one, and what lies behind them of the last.
      this.#now = this.#stretches.find(({ to }) => t < to) ?? this.#stretches.at(-1);
    }
    return t + (this.#now?.offset ?? 0);
  }
}

/** One number for up to three values of clocks: a day, one of 24 hours, one of 7 weekdays. */
const CLOCK_STEPS: Readonly<Record<ClockDimension, number>> = { day: 1024, hour: 32, weekday: 1 };
const CLOCK_WIDTH = 2 ** 31;

/** Numbers for groups, in the order in which they are met. */
export class Groups {
  readonly values: (readonly DimensionValue[])[] = [];
  readonly #range: FactsRange;
  readonly #clock: LocalClock;
  readonly #clocks: readonly ClockDimension[];
  readonly #clockFilters: readonly { readonly filter: Filter; readonly clock: ClockDimension }[];
  readonly #byText = new Map<string, number>();
  /** Of each kind: which values it has where a group is not a matter of the clock; -1 if a filter stops it. */
  readonly #kindCodes: Int32Array;
  readonly #kindValues: (readonly DimensionValue[])[] = [];
  readonly #byCode = new Map<number, number>();
  #time = Number.NaN;
  /** Of the last moment: -1 if a filter stops it. */
  #clockCode = 0;
  #clockValues: readonly number[] = [];

  constructor(range: FactsRange, kinds: readonly DimensionSet[], offsets: readonly Stretch[]) {
    this.#range = range;
    this.#clock = new LocalClock(offsets);
    this.#clocks = range.dimensions.filter((dimension) => isClock(dimension));
    this.#clockFilters = range.filters.flatMap((filter) =>
      isClock(filter.dimension) ? [{ filter, clock: filter.dimension }] : [],
    );
    const filters = range.filters.filter(({ dimension }) => !isClock(dimension));
    this.#kindCodes = Int32Array.from(kinds, (kind) =>
      filters.every((filter) => matchesFilter(filter, kindValue(filter.dimension, kind))) ? this.#codeOf(kind) : -1,
    );
  }

  /** The number of the group; -1 for a call that a filter stops. */
  groupOf(kind: number, time: number): number {
    const code = this.#kindCodes[kind] ?? -1;
    if (code < 0 || (this.#clocks.length === 0 && this.#clockFilters.length === 0)) return code;
    if (time !== this.#time) this.#tellTime(time);
    if (this.#clockCode < 0 || this.#clocks.length === 0) return this.#clockCode < 0 ? -1 : code;
    const both = code * CLOCK_WIDTH + this.#clockCode;
    return this.#byCode.get(both) ?? this.#newGroup(both, this.#kindValues[code] ?? []);
  }

  #codeOf(kind: DimensionSet): number {
    const fixed = this.#range.dimensions.filter((dimension) => !isClock(dimension));
    const values = fixed.map((dimension) => kindValue(dimension, kind));
    const text = JSON.stringify(values);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const code = this.#byText.size;
    this.#byText.set(text, code);
    this.#kindValues.push(values);
    if (this.#clocks.length === 0) this.values.push(values);
    return code;
  }

  #tellTime(time: number): void {
    this.#time = time;
    const local = this.#clock.localAt(time);
    const isLet = this.#clockFilters.every(({ filter, clock }) => matchesFilter(filter, clockValue(clock, local)));
    this.#clockValues = this.#clocks.map((clock) => clockValue(clock, local));
    const code = this.#clocks.reduce((sum, clock, at) => sum + (this.#clockValues[at] ?? 0) * CLOCK_STEPS[clock], 0);
    this.#clockCode = isLet ? code : -1;
  }

  #newGroup(code: number, fixed: readonly DimensionValue[]): number {
    const [texts, clocks] = [[...fixed], [...this.#clockValues]];
    const values = this.#range.dimensions.map((each) => (isClock(each) ? clocks.shift() : texts.shift()) ?? null);
    this.#byCode.set(code, this.values.length);
    return this.values.push(values) - 1;
  }
}
