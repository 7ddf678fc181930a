import type { SeqRange } from "./unreported-gaps.ts";

interface QueuedLine {
  readonly seq: number;
  readonly text: string;
  readonly bytes: number;
}

const RELEASED: QueuedLine = { seq: 0, text: "", bytes: 0 };

/** Lines waiting to be written, oldest first. The queue is bounded in bytes: when it is full, the oldest are dropped. */
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

  /** Adds a line. Returns the records that were dropped to make room, if any. */
  push(text: string, seq: number): SeqRange | undefined {
    const bytes = Buffer.byteLength(text);
    if (bytes > this.#maxBytes) return { from: seq, to: seq, records: 1 };
    let dropped: SeqRange | undefined;
    if (this.#bytes + bytes > this.#maxBytes) dropped = this.#release(this.#bytes + bytes - this.#maxBytes);
    this.#lines.push({ seq, text, bytes });
    this.#bytes += bytes;
    return dropped;
  }

  /** The oldest lines as one buffer of at most `maxBytes`, but at least one line. They stay queued until released. */
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

  /** Removes the oldest lines, as many as `bytes` cover, and returns which they were. */
  release(bytes: number): SeqRange | undefined {
    return bytes > 0 ? this.#release(bytes) : undefined;
  }

  /** Removes all lines and returns which they were. */
  clear(): SeqRange | undefined {
    return this.release(this.#bytes);
  }

  #release(bytes: number): SeqRange {
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
    // Compacting on every shift would take quadratic time for a long backlog, so this waits until half is empty.
    if (this.#head * 2 >= this.#lines.length) {
      this.#lines = this.#lines.slice(this.#head);
      this.#head = 0;
    }
    return bytes;
  }
}
