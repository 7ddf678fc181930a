import { Buffer } from "node:buffer";

const NOTHING = Buffer.alloc(0);

/**
 * The head that was read before on the same connection. Most heads repeat most of its lines, or all of them, and the same
 * bytes mean the same: what was read from them is used again.
 */
export class LastHead<T> {
  head: T | undefined;
  #bytes: Buffer = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Keeps a copy of the first `length` bytes: the caller may reuse the buffer. */
  remember(bytes: Uint8Array, length: number, head: T): void {
    if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(length + SPARE);
    this.#bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length));
    this.#length = length;
    this.head = head;
  }

  /** True if `bytes` begin with this whole head. */
  isAtStartOf(bytes: Buffer): boolean {
    const length = this.#length;
    return length > 0 && bytes.length >= length && bytes.compare(this.#bytes, 0, length, 0, length) === 0;
  }

  /** True if the bytes at `at` are those of this head between `from` and `to`. */
  has(bytes: Uint8Array, at: number, from: number, to: number): boolean {
    const own = this.#bytes;
    for (let index = from, other = at; index < to; index++, other++) {
      if (own[index] !== bytes[other]) return false;
    }
    return true;
  }
}

/** So that a head of some bytes more needs no new buffer. */
const SPARE = 64;
