const SEQ = 0;
const WRITTEN = 1;
const DROPPED = 2;
const SLOTS = 3;

/**
 * A ledger's counters in shared memory, which outlives its worker. Only that worker writes them and the main thread reads
 * them after it has ended, so no access needs to be atomic.
 */
export class LedgerCounts {
  readonly #slots: Float64Array;

  constructor(shared: SharedArrayBuffer = LedgerCounts.allocate()) {
    this.#slots = new Float64Array(shared);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(SLOTS * Float64Array.BYTES_PER_ELEMENT);
  }

  /** The last sequence number assigned to a record. */
  get seq(): number {
    return this.#slots[SEQ] ?? 0;
  }

  set seq(value: number) {
    this.#slots[SEQ] = value;
  }

  get written(): number {
    return this.#slots[WRITTEN] ?? 0;
  }

  set written(value: number) {
    this.#slots[WRITTEN] = value;
  }

  get dropped(): number {
    return this.#slots[DROPPED] ?? 0;
  }

  set dropped(value: number) {
    this.#slots[DROPPED] = value;
  }
}
