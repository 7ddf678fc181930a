/** A piece of the queue of lines: their bytes one after the other, and where each of them ends. */
export class QueueChunk {
  readonly #buffer: Buffer;
  #seqs: number[] = [];
  #ends: number[] = [];
  /** The number of lines that were removed. */
  #removed = 0;
  #start = 0;
  #end = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }

  get isEmpty(): boolean {
    return this.#removed === this.#ends.length;
  }

  get pending(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Returns the bytes of the line; 0 if it does not fit. */
  add(text: string, seq: number): number {
    if (this.isEmpty) this.#reset();
    const free = this.#buffer.length - this.#end;
    // No character has more than three bytes in UTF-8, so most lines fit without being measured.
    if (free < text.length * 3 && free < Buffer.byteLength(text)) return 0;
    const bytes = this.#buffer.write(text, this.#end);
    this.#end += bytes;
    this.#seqs.push(seq);
    this.#ends.push(this.#end);
    return bytes;
  }

  /** Removes the oldest line. */
  shift(): { readonly seq: number; readonly bytes: number } {
    const at = this.#removed++;
    const start = this.#start;
    this.#start = this.#ends[at] ?? start;
    return { seq: this.#seqs[at] ?? 0, bytes: this.#start - start };
  }

  #reset(): void {
    if (this.#end === 0) return;
    this.#seqs = [];
    this.#ends = [];
    this.#removed = 0;
    this.#start = 0;
    this.#end = 0;
  }
}
