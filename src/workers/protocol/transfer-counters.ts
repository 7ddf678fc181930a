const RECEIVED_CHARACTERS = 0;
const PRODUCED = 1;
const CONSUMED = 2;
const UNPOSTED_ANNOUNCED = 3;
const SLOTS = 4;

/**
 * Counts the records that a data worker has produced and those that the ledger worker has consumed, in memory that
 * outlives both. Whichever worker crashes, the records in transit between them can be counted. All counts are modulo
 * 2^32.
 */
export class TransferCounters {
  readonly #slots: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.#slots = new Int32Array(shared);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** The size of the records that the ledger worker has received, in characters. */
  get receivedCharacters(): number {
    return Atomics.load(this.#slots, RECEIVED_CHARACTERS);
  }

  receive(characters: number): void {
    Atomics.add(this.#slots, RECEIVED_CHARACTERS, characters);
  }

  /** The records that the data worker has produced, including those that were dropped. */
  get produced(): number {
    return Atomics.load(this.#slots, PRODUCED);
  }

  produce(announced: boolean): void {
    Atomics.add(this.#slots, PRODUCED, 1);
    if (announced) Atomics.add(this.#slots, UNPOSTED_ANNOUNCED, 1);
  }

  posted(): void {
    Atomics.store(this.#slots, UNPOSTED_ANNOUNCED, 0);
  }

  /** Of the records not posted yet, those of announced requests, for which the ledger writes a record in any case. */
  get unpostedAnnounced(): number {
    return Atomics.load(this.#slots, UNPOSTED_ANNOUNCED);
  }

  /** The records that the ledger has given a number or counted as lost. */
  get consumed(): number {
    return Atomics.load(this.#slots, CONSUMED);
  }

  consume(records: number): void {
    Atomics.add(this.#slots, CONSUMED, records);
  }
}

/** How far `count` is ahead of `other`, both modulo 2^32; negative if it is behind. */
export function ahead(count: number, other: number): number {
  return (count - other) | 0;
}
