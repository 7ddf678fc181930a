const TAKEN_CHARACTERS = 0;
const MADE = 1;
const BOOKED = 2;
const UNPOSTED_ANNOUNCED = 3;
const SLOTS = 4;

/**
 * How many records a data thread made and how many of them the ledger thread has booked, in memory that outlives both:
 * whichever dies, what was on its way between them can be counted. All counts are modulo 2^32.
 */
export class TransferCounters {
  readonly #slots: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.#slots = new Int32Array(shared);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Characters that the ledger thread has taken over. */
  get takenCharacters(): number {
    return Atomics.load(this.#slots, TAKEN_CHARACTERS);
  }

  took(characters: number): void {
    Atomics.add(this.#slots, TAKEN_CHARACTERS, characters);
  }

  /** Records that the data thread made, whatever became of them. */
  get made(): number {
    return Atomics.load(this.#slots, MADE);
  }

  make(announced: boolean): void {
    Atomics.add(this.#slots, MADE, 1);
    if (announced) Atomics.add(this.#slots, UNPOSTED_ANNOUNCED, 1);
  }

  posted(): void {
    Atomics.store(this.#slots, UNPOSTED_ANNOUNCED, 0);
  }

  /** Of the records not posted yet, those of calls that the ledger knows and will speak for. */
  get unpostedAnnounced(): number {
    return Atomics.load(this.#slots, UNPOSTED_ANNOUNCED);
  }

  /** Records that the ledger gave a number, or counted as lost. */
  get booked(): number {
    return Atomics.load(this.#slots, BOOKED);
  }

  book(records: number): void {
    Atomics.add(this.#slots, BOOKED, records);
  }
}

/** How far `count` is ahead of `other`, both modulo 2^32; negative where it is behind. */
export function ahead(count: number, other: number): number {
  return (count - other) | 0;
}
