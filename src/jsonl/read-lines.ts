import { closeSync, openSync, readSync } from "node:fs";

const BLOCK = 8 * 1024 * 1024;
const MAX_BLOCK = 64 * 1024 * 1024;
const LINE_END = 0x0a;

export interface Lines {
  readonly bytes: Buffer;
  /** How far in the file they reach. */
  readonly end: number;
}

/** A file opened for reading; it stays this file when its name goes to another. */
export class LineFile {
  readonly #fd: number;
  readonly #isOwner: boolean;

  private constructor(fd: number, isOwner: boolean) {
    this.#fd = fd;
    this.#isOwner = isOwner;
  }

  static open(path: string): LineFile {
    return new LineFile(openSync(path, "r"), true);
  }

  /** The same file for another reader; closing that one leaves this one open. */
  again(): LineFile {
    return new LineFile(this.#fd, false);
  }

  get descriptor(): number {
    return this.#fd;
  }

  /** Whole lines from `from` on, in blocks. An unfinished last line waits, unless the file is `finished`. */
  *blocks(from: number, finished: boolean): Generator<Lines> {
    let start = from;
    for (let size = BLOCK; ;) {
      const block = Buffer.allocUnsafe(size);
      const length = readFully(this.#fd, block, start);
      if (length === 0) return;
      const atEnd = length < size;
      const end = atEnd && finished ? length : block.lastIndexOf(LINE_END, length - 1) + 1;
      if (end === 0 && !atEnd && size < MAX_BLOCK) {
        size *= 2;
        continue;
      }
      // No record is nearly as long as the largest block: what has no line end there is passed as it is, a bad line.
      const taken = end === 0 && !atEnd ? length : end;
      if (taken > 0) yield { bytes: block.subarray(0, taken), end: start + taken };
      if (atEnd) return;
      start += taken;
      size = BLOCK;
    }
  }

  /** The bytes from one place to another, as far as there are any. */
  *range(from: number, to: number): Generator<Buffer> {
    for (let start = from; start < to;) {
      const block = Buffer.allocUnsafe(Math.min(BLOCK, to - start));
      const length = readFully(this.#fd, block, start);
      if (length === 0) return;
      yield block.subarray(0, length);
      start += length;
    }
  }

  close(): void {
    if (this.#isOwner) closeSync(this.#fd);
  }
}

function readFully(fd: number, into: Buffer, position: number): number {
  let length = 0;
  while (length < into.length) {
    const count = readSync(fd, into, length, into.length - length, position + length);
    if (count === 0) break;
    length += count;
  }
  return length;
}
