import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4_096;

/** UUIDv7 (RFC 9562 §5.7): sortable by time, and strictly increasing within one source. */
export class RecordIds {
  readonly #now: () => number;
  readonly #pool = Buffer.allocUnsafe(POOL_BYTES);
  #used = POOL_BYTES;
  #lastMs = 0;
  #counter = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  next(): string {
    if (this.#used + 8 > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const now = this.#now();
    // The clock may stand still or be set back; the counter (rand_a) then carries the order (method 1 of §6.2).
    if (now > this.#lastMs) {
      this.#lastMs = now;
      this.#counter = this.#pool.readUInt16BE(this.#used) & 0x7ff;
    } else if (++this.#counter > 0xfff) {
      this.#lastMs++;
      this.#counter = 0;
    }
    const time = this.#lastMs.toString(16).padStart(12, "0");
    const random = this.#pool.toString("hex", this.#used + 2, this.#used + 8);
    const variant = (0x8000 | (this.#pool.readUInt16BE(this.#used) >> 2)).toString(16);
    this.#used += 8;
    const counter = (0x7000 | this.#counter).toString(16);
    return `${time.slice(0, 8)}-${time.slice(8)}-${counter}-${variant}-${random}`;
  }
}
