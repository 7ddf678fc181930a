import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4_096;
/** For one id: 11 bits in front of the counter, 2 bits and 60 bits behind it. */
const RANDOM_BYTES = 11;
/** The two bits that say which kind of UUID it is, and two random ones. */
const VARIANTS = "89ab";

/** UUIDv7 (RFC 9562 §5.7): sortable by time, and strictly increasing within one source. */
export class RecordIds {
  readonly #now: () => number;
  readonly #pool = Buffer.allocUnsafe(POOL_BYTES);
  /** The pool in hexadecimal digits: converted at once, since each conversion costs more than its digits do. */
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
    // The clock may stand still or be set back; the counter (rand_a) then carries the order (method 1 of §6.2).
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
