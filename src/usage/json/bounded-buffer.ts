/** A byte buffer for data that must outlive the buffer it arrived in. It grows by doubling, up to a cap. */
export class BoundedBuffer {
  #bytes: Buffer | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Returns `false` and keeps nothing if the cap would be exceeded. */
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

  /** The kept bytes, valid until the next `append` or `clear`. */
  view(): Buffer {
    return this.#bytes === undefined ? EMPTY : this.#bytes.subarray(0, this.#length);
  }

  /**
   * Clears the content and frees a large buffer, so that one big value does not occupy memory for the rest of a long
   * stream.
   */
  clear(): void {
    this.#length = 0;
    if (this.#bytes !== undefined && this.#bytes.length > 4096) this.#bytes = undefined;
  }
}

const EMPTY = Buffer.alloc(0);
