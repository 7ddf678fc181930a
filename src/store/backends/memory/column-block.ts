// Rows of `hours` or of `calls` as numbers, column by column: what is asked of them then takes a loop over each column.

/** NaN is what is unknown. Costs are split so that sums of either part are exact: whole millionths, and trillionths beyond. */
export const FACT_COLUMNS = [
  "requests",
  "errors",
  "cost_micros",
  "cost_picos",
  "total_tokens",
  "total_input_tokens",
  "total_output_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "rate_tokens",
  "rate_us",
  "unpriced",
  "unpriced_tokens",
] as const;

export type FactColumn = (typeof FACT_COLUMNS)[number];

/** In the shorter form where it holds each of the values exactly. */
type Numbers = Float32Array | Float64Array;

/** Calls by bucket of duration: those of row `i` stand from `ends[i - 1]` to `ends[i]`. */
export interface Spread {
  readonly ends: Uint32Array;
  readonly buckets: Uint16Array;
  readonly counts: Uint32Array;
}

export interface ColumnBlock {
  readonly rows: number;
  /** Milliseconds: where the hour begins, or when the call ended. */
  readonly times: Float64Array;
  /** When the last call of a kind ended. */
  readonly lasts: ReadonlyMap<number, number>;
  /** By `DimensionSets`. */
  readonly kinds: Uint32Array;
  readonly columns: Readonly<Record<FactColumn, Numbers>>;
  readonly duration: Spread;
  readonly ttft: Spread;
  readonly bytes: number;
  /** No sum of a column's values, in whatever order, is beyond this. */
  readonly greatestSum: number;
}

/** Takes rows one after the other; what it has taken so far can be read at any time. */
export class ColumnBlockBuilder implements ColumnBlock {
  times: Float64Array;
  readonly lasts = new Map<number, number>();
  kinds: Uint32Array;
  columns: Record<FactColumn, Float64Array>;
  readonly duration = new SpreadBuilder();
  readonly ttft = new SpreadBuilder();
  #rows = 0;
  readonly #sums = new Float64Array(FACT_COLUMNS.length);

  constructor(capacity = 1024) {
    this.times = new Float64Array(capacity);
    this.kinds = new Uint32Array(capacity);
    // as: each of the columns, and nothing else.
    this.columns = Object.fromEntries(FACT_COLUMNS.map((name) => [name, new Float64Array(capacity)])) as Record<
      FactColumn,
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

  /** The values in the order of `FACT_COLUMNS`. */
  add(row: { readonly time: number; readonly last: number; readonly kind: number }, values: readonly number[]): void {
    if (this.#rows === this.times.length) this.#grow();
    const at = this.#rows++;
    this.times[at] = row.time;
    this.kinds[at] = row.kind;
    this.lasts.set(row.kind, Math.max(this.lasts.get(row.kind) ?? -Infinity, row.last));
    FACT_COLUMNS.forEach((name, nth) => {
      const value = values[nth] ?? Number.NaN;
      this.columns[name][at] = value;
      if (!Number.isNaN(value)) this.#sums[nth] = (this.#sums[nth] ?? 0) + Math.abs(value);
    });
  }

  /** What was taken so far, in as little room as it needs. */
  finished(): ColumnBlock {
    const { rows, lasts, greatestSum } = this;
    const columns = Object.fromEntries(
      FACT_COLUMNS.map((name) => [name, shortest(this.columns[name].subarray(0, rows))]),
    );
    const block = {
      rows,
      lasts,
      greatestSum,
      times: this.times.slice(0, rows),
      kinds: this.kinds.slice(0, rows),
      // as: each of the columns, and nothing else.
      columns: columns as Record<FactColumn, Numbers>,
      duration: this.duration.finished(rows),
      ttft: this.ttft.finished(rows),
    };
    return { ...block, bytes: bytesOf(block) };
  }

  #grow(): void {
    const capacity = this.times.length * 2;
    this.times = enlarged(this.times, new Float64Array(capacity));
    this.kinds = enlarged(this.kinds, new Uint32Array(capacity));
    for (const name of FACT_COLUMNS) this.columns[name] = enlarged(this.columns[name], new Float64Array(capacity));
  }
}

class SpreadBuilder implements Spread {
  ends = new Uint32Array(1024);
  buckets = new Uint16Array(1024);
  counts = new Uint32Array(1024);
  #length = 0;

  /** Some calls of a row; rows come in order, and none is left out by whoever reads them to its end. */
  add(bucket: number, count: number): void {
    if (this.#length === this.buckets.length) {
      this.buckets = enlarged(this.buckets, new Uint16Array(this.#length * 2));
      this.counts = enlarged(this.counts, new Uint32Array(this.#length * 2));
    }
    this.buckets[this.#length] = bucket;
    this.counts[this.#length++] = count;
  }

  /** Nothing more comes of this row. */
  end(row: number): void {
    while (row >= this.ends.length) this.ends = enlarged(this.ends, new Uint32Array(this.ends.length * 2));
    this.ends[row] = this.#length;
  }

  finished(rows: number): Spread {
    return {
      ends: this.ends.slice(0, rows),
      buckets: this.buckets.slice(0, this.#length),
      counts: this.counts.slice(0, this.#length),
    };
  }
}

function shortest(values: Float64Array): Numbers {
  const short = Float32Array.from(values);
  return values.every((value, at) => Object.is(short[at], value)) ? short : values.slice();
}

function bytesOf({ times, kinds, columns, duration, ttft }: Omit<ColumnBlock, "bytes">): number {
  const spreads = [duration, ttft].flatMap(({ ends, buckets, counts }) => [ends, buckets, counts]);
  const arrays = [times, kinds, ...Object.values(columns), ...spreads];
  return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function enlarged<T extends Float64Array | Uint32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
