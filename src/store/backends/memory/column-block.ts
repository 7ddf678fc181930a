import { columnMeasures, type ColumnMeasure } from "../../schema/measures.ts";

// Rows of `hours` or `calls` as numbers, column by column, so that a query is one loop over each column it needs.

/**
 * The columns of a block: one for each measure. NaN is unknown. A cost has two columns, so that sums of either are exact:
 * whole millionths of a dollar, and the trillionths beyond them.
 */
export type ColumnName = "cost_micros" | "cost_picos" | Exclude<ColumnMeasure, "cost_usd">;

export const columnNames: readonly ColumnName[] = [
  "cost_micros",
  "cost_picos",
  ...columnMeasures.filter((name) => name !== "cost_usd"),
];

/** Float32 where it holds every value of the column exactly. */
type Numbers = Float32Array | Float64Array;

/** Requests by bucket of duration: the entries of row `i` are those from `ends[i - 1]` up to `ends[i]`. */
export interface Histogram {
  readonly ends: Uint32Array;
  readonly buckets: Uint16Array;
  readonly counts: Uint32Array;
}

export interface ColumnBlock {
  readonly rows: number;
  /** When the hour begins or the request ended, in milliseconds. */
  readonly times: Float64Array;
  /** When the last request of a dimension set ended. */
  readonly lastEnds: ReadonlyMap<number, number>;
  /** Numbers of `DimensionSets`. */
  readonly sets: Uint32Array;
  readonly columns: Readonly<Record<ColumnName, Numbers>>;
  readonly duration: Histogram;
  readonly ttft: Histogram;
  readonly bytes: number;
  /** An upper bound of any sum over the values of one column. */
  readonly greatestSum: number;
}

/** Takes rows one by one. The rows taken so far can be read at any time. */
export class ColumnBlockBuilder implements ColumnBlock {
  times: Float64Array;
  readonly lastEnds = new Map<number, number>();
  sets: Uint32Array;
  columns: Record<ColumnName, Float64Array>;
  readonly duration = new HistogramBuilder();
  readonly ttft = new HistogramBuilder();
  #rows = 0;
  readonly #sums = new Float64Array(columnNames.length);

  constructor(capacity = 1024) {
    this.times = new Float64Array(capacity);
    this.sets = new Uint32Array(capacity);
    // as: each of the columns, and nothing else.
    this.columns = Object.fromEntries(columnNames.map((name) => [name, new Float64Array(capacity)])) as Record<
      ColumnName,
      Float64Array
    >;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return bytesOf(this);
  }

  get greatestSum(): number {
    return Math.max(...this.#sums);
  }

  /** `values` are in the order of `columnNames`. */
  add(row: { readonly time: number; readonly end: number; readonly set: number }, values: readonly number[]): void {
    if (this.#rows === this.times.length) this.#grow();
    const at = this.#rows++;
    this.times[at] = row.time;
    this.sets[at] = row.set;
    this.lastEnds.set(row.set, Math.max(this.lastEnds.get(row.set) ?? -Infinity, row.end));
    columnNames.forEach((name, nth) => {
      const value = values[nth] ?? Number.NaN;
      this.columns[name][at] = value;
      if (!Number.isNaN(value)) this.#sums[nth] = (this.#sums[nth] ?? 0) + Math.abs(value);
    });
  }

  /** The rows taken so far, in as little memory as they need. */
  finished(): ColumnBlock {
    const { rows, lastEnds, greatestSum } = this;
    const columns = Object.fromEntries(
      columnNames.map((name) => [name, narrowed(this.columns[name].subarray(0, rows))]),
    );
    const block = {
      rows,
      lastEnds,
      greatestSum,
      times: this.times.slice(0, rows),
      sets: this.sets.slice(0, rows),
      // as: each of the columns, and nothing else.
      columns: columns as Record<ColumnName, Numbers>,
      duration: this.duration.finished(rows),
      ttft: this.ttft.finished(rows),
    };
    return { ...block, bytes: bytesOf(block) };
  }

  #grow(): void {
    const capacity = this.times.length * 2;
    this.times = enlarged(this.times, new Float64Array(capacity));
    this.sets = enlarged(this.sets, new Uint32Array(capacity));
    for (const name of columnNames) this.columns[name] = enlarged(this.columns[name], new Float64Array(capacity));
  }
}

class HistogramBuilder implements Histogram {
  ends = new Uint32Array(1024);
  buckets = new Uint16Array(1024);
  counts = new Uint32Array(1024);
  #length = 0;

  /** Adds requests to the current row. The caller adds rows in order and ends each with `end`. */
  add(bucket: number, count: number): void {
    if (this.#length === this.buckets.length) {
      this.buckets = enlarged(this.buckets, new Uint16Array(this.#length * 2));
      this.counts = enlarged(this.counts, new Uint32Array(this.#length * 2));
    }
    this.buckets[this.#length] = bucket;
    this.counts[this.#length++] = count;
  }

  end(row: number): void {
    while (row >= this.ends.length) this.ends = enlarged(this.ends, new Uint32Array(this.ends.length * 2));
    this.ends[row] = this.#length;
  }

  finished(rows: number): Histogram {
    return {
      ends: this.ends.slice(0, rows),
      buckets: this.buckets.slice(0, this.#length),
      counts: this.counts.slice(0, this.#length),
    };
  }
}

function narrowed(values: Float64Array): Numbers {
  const narrow = Float32Array.from(values);
  return values.every((value, at) => Object.is(narrow[at], value)) ? narrow : values.slice();
}

function bytesOf({ times, sets, columns, duration, ttft }: Omit<ColumnBlock, "bytes">): number {
  const histograms = [duration, ttft].flatMap(({ ends, buckets, counts }) => [ends, buckets, counts]);
  const arrays = [times, sets, ...Object.values(columns), ...histograms];
  return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function enlarged<T extends Float64Array | Uint32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
