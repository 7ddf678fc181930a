/** Bytes that had to be kept past the buffer they came in: grows by doubling, refuses to grow beyond its cap. */
export class BoundedBuffer {
  #bytes: Buffer | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** `false`, and nothing kept, where the cap would be passed. */
  append(bytes: Buffer, from: number, to: number, cap: number): boolean {
    const needed = this.#length + to - from;
    if (needed > cap) return false;

    if (this.#bytes === undefined || this.#bytes.length < needed) {
      const grown = Buffer.allocUnsafe(Math.max(256, needed, Math.min(2 * (this.#bytes?.length ?? 0), cap)));
      this.#bytes?.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    bytes.copy(this.#bytes, this.#length, from, to);
    this.#length = needed;
    return true;
  }

  /** The kept bytes; valid until the next `append` or `clear`. */
  view(): Buffer {
    return this.#bytes === undefined ? EMPTY : this.#bytes.subarray(0, this.#length);
  }

  /** Forgets the content; a large buffer goes too, so that one big value does not stay with a long stream. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes !== undefined && this.#bytes.length > 4096) this.#bytes = undefined;
  }
}

const EMPTY = Buffer.alloc(0);
