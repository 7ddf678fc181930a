import type { LostRange } from "./losses.ts";

interface QueuedLine {
  readonly seq: number;
  readonly text: string;
  readonly bytes: number;
}

const RELEASED: QueuedLine = { seq: 0, text: "", bytes: 0 };

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

  /** Adds a line and returns which lines were lost for it, if any. */
  push(text: string, seq: number): LostRange | undefined {
    const bytes = Buffer.byteLength(text);
    if (bytes > this.#maxBytes) return { from: seq, to: seq, records: 1 };
    let lost: LostRange | undefined;
    if (this.#bytes + bytes > this.#maxBytes) lost = this.#release(this.#bytes + bytes - this.#maxBytes);
    this.#lines.push({ seq, text, bytes });
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

  /** Forgets the oldest lines, those that `bytes` cover, and returns which they were. */
  release(bytes: number): LostRange | undefined {
    return bytes > 0 ? this.#release(bytes) : undefined;
  }

  /** Gives up all lines, and returns which they were. */
  clear(): LostRange | undefined {
    return this.release(this.#bytes);
  }

  #release(bytes: number): LostRange {
    const from = this.#lines[this.#head]?.seq ?? 0;
    let to = from;
    let left = bytes;
    let records = 0;
    while (this.length > 0 && left > 0) {
      to = this.#lines[this.#head]?.seq ?? to;
      left -= this.#shift();
      records += 1;
    }
    return { from, to, records };
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
