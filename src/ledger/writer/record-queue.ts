import { QueueChunk } from "./queue-chunk.ts";
import type { SeqRange } from "./unreported-gaps.ts";

/**
 * Lines waiting to be written, oldest first, encoded as they come and in pieces as large as one write. The queue is
 * bounded in bytes: when it is full, the oldest are dropped.
 */
export class RecordQueue {
  readonly #maxBytes: number;
  readonly #chunkBytes: number;
  /** The oldest first. The last one takes the next line. */
  #chunks: QueueChunk[];
  #bytes = 0;
  #length = 0;

  constructor(maxBytes: number, chunkBytes: number) {
    this.#maxBytes = maxBytes;
    this.#chunkBytes = chunkBytes;
    this.#chunks = [new QueueChunk(chunkBytes)];
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a line. Returns the records that were dropped to make room, if any. */
  push(text: string, seq: number): SeqRange | undefined {
    let bytes = this.#chunks.at(-1)?.add(text, seq) ?? 0;
    if (bytes === 0) {
      const length = Buffer.byteLength(text);
      if (length > this.#maxBytes) return { from: seq, to: seq, records: 1 };
      const chunk = new QueueChunk(Math.max(this.#chunkBytes, length));
      bytes = chunk.add(text, seq);
      this.#chunks.push(chunk);
    }
    this.#length += 1;
    this.#bytes += bytes;
    return this.release(this.#bytes - this.#maxBytes);
  }

  /** The oldest lines, at least one, as one buffer. They stay queued until released, and the buffer is theirs until then. */
  batch(): Buffer {
    this.#dropEmpty();
    return this.#chunks[0]?.pending ?? NOTHING;
  }

  /** Removes the oldest lines, as many as `bytes` cover, and returns which they were. */
  release(bytes: number): SeqRange | undefined {
    if (bytes <= 0 || this.#length === 0) return undefined;
    let from = 0;
    let to = 0;
    let left = bytes;
    let records = 0;
    while (this.#length > 0 && left > 0) {
      this.#dropEmpty();
      const line = this.#chunks[0]?.shift() ?? NO_LINE;
      if (records === 0) from = line.seq;
      to = line.seq;
      left -= line.bytes;
      records += 1;
      this.#length -= 1;
      this.#bytes -= line.bytes;
    }
    return { from, to, records };
  }

  /** Removes all lines and returns which they were. */
  clear(): SeqRange | undefined {
    return this.release(this.#bytes);
  }

  #dropEmpty(): void {
    while (this.#chunks.length > 1 && this.#chunks[0]?.isEmpty === true) this.#chunks.shift();
  }
}

const NOTHING = Buffer.alloc(0);
const NO_LINE = { seq: 0, bytes: 0 };
