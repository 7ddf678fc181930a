interface QueuedLine {
  readonly text: string;
  readonly bytes: number;
}

const RELEASED: QueuedLine = { text: "", bytes: 0 };

/** Lines that wait to be written, oldest first. Bounded in bytes: what no longer fits pushes out the oldest. */
export class RecordQueue {
  readonly #maxBytes: number;
  #lines: QueuedLine[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#lines.length - this.#head;
  }

  /** Adds a line and returns how many lines were lost for it. */
  push(text: string): number {
    const bytes = Buffer.byteLength(text);
    if (bytes > this.#maxBytes) return 1;
    let lost = 0;
    while (this.#bytes + bytes > this.#maxBytes) {
      this.#shift();
      lost += 1;
    }
    this.#lines.push({ text, bytes });
    this.#bytes += bytes;
    return lost;
  }

  /** The oldest lines as one piece of at most `maxBytes`, but always one whole line. They stay until released. */
  batch(maxBytes: number): Buffer {
    const texts: string[] = [];
    let total = 0;
    for (let at = this.#head; at < this.#lines.length; at += 1) {
      const { text, bytes } = this.#lines[at] ?? RELEASED;
      if (total > 0 && total + bytes > maxBytes) break;
      texts.push(text);
      total += bytes;
    }
    return Buffer.from(texts.join(""));
  }

  /** Forgets the oldest lines, those that `bytes` cover, and returns how many they were. */
  release(bytes: number): number {
    let left = bytes;
    let count = 0;
    while (this.length > 0 && left > 0) {
      left -= this.#shift();
      count += 1;
    }
    return count;
  }

  /** Gives up all lines, and returns how many they were. */
  clear(): number {
    return this.release(this.#bytes);
  }

  #shift(): number {
    const { bytes } = this.#lines[this.#head] ?? RELEASED;
    this.#lines[this.#head] = RELEASED;
    this.#head += 1;
    this.#bytes -= bytes;
    // Moving the rest down each time would cost the square of a long backlog; half-empty is soon enough.
    if (this.#head * 2 >= this.#lines.length) {
      this.#lines = this.#lines.slice(this.#head);
      this.#head = 0;
    }
    return bytes;
  }
}
