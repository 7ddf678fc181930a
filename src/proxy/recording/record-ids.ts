import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4_096;
/** Random bytes for one id: 11 bits for the counter, and 62 bits after it. */
const RANDOM_BYTES = 11;
/** The hexadecimal digit that holds the two bits of the UUID variant and two random bits. */
const VARIANTS = "89ab";

/** Makes UUIDv7 ids (RFC 9562 §5.7): sortable by time, and strictly increasing within one data worker. */
export class RecordIds {
  readonly #now: () => number;
  readonly #pool = Buffer.allocUnsafe(POOL_BYTES);
  /** The pool as hexadecimal digits. One conversion of the whole pool is cheaper than one for each id. */
  #digits = "";
  #used = POOL_BYTES;
  #lastMs = 0;
  #time = "";
  #counter = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  next(): string {
    if (this.#used + RANDOM_BYTES > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#digits = this.#pool.toString("hex");
      this.#used = 0;
    }
    const now = this.#now();
    // If the clock stands still or is set back, the counter in rand_a keeps the order (RFC 9562 §6.2, method 1).
    if (now > this.#lastMs) {
      this.#advance(now);
      this.#counter = this.#pool.readUInt16BE(this.#used) & 0x7ff;
    } else if (++this.#counter > 0xfff) {
      this.#advance(this.#lastMs + 1);
      this.#counter = 0;
    }
    const digits = this.#used * 2;
    const variant = VARIANTS[(this.#pool[this.#used + 2] ?? 0) & 3] ?? "8";
    const random = `${variant}${this.#digits.slice(digits + 6, digits + 9)}-${this.#digits.slice(digits + 9, digits + 21)}`;
    this.#used += RANDOM_BYTES;
    return `${this.#time}${(0x7000 | this.#counter).toString(16)}-${random}`;
  }

  #advance(to: number): void {
    this.#lastMs = to;
    const time = to.toString(16).padStart(12, "0");
    this.#time = `${time.slice(0, 8)}-${time.slice(8)}-`;
  }
}

const SECOND_MS = 1_000;

/** Formats the timestamps of records. Those of one second differ in the milliseconds only, so it keeps the rest. */
export class Timestamps {
  #second = NaN;
  #untilSecond = "";

  /** ISO 8601 in UTC, with milliseconds. */
  format(epochMs: number): string {
    const second = Math.floor(epochMs / SECOND_MS);
    if (second !== this.#second) {
      this.#second = second;
      this.#untilSecond = new Date(second * SECOND_MS).toISOString().slice(0, -4);
    }
    return `${this.#untilSecond}${String(epochMs - second * SECOND_MS).padStart(3, "0")}Z`;
  }
}
