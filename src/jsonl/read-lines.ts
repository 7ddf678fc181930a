import { closeSync, openSync } from "node:fs";
import { LINE_END, readFully } from "./file-bytes.ts";

/** Large enough that reading a file of gigabytes costs few system calls, small enough to hold several in memory. */
const BLOCK_BYTES = 8 * 1024 * 1024;
/** A block grows up to this size to hold a long line. The longest records are below 1 MB. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

export interface LineBlock {
  readonly bytes: Buffer;
  /** Offset in the file just after these bytes. */
  readonly end: number;
}

export interface LineBlockOptions {
  /** Offset of the first line. */
  readonly from: number;
  /** True where no writer will finish the last line: it then counts as a line although its line end is missing. */
  readonly finished: boolean;
  readonly blockBytes?: number;
}

/**
 * Reads whole lines from an open file, in blocks. A line longer than the largest block comes out in pieces, which the
 * reader sees as bad lines; holding all of it would let one damaged file exhaust the memory.
 */
export function* lineBlocks(fd: number, options: LineBlockOptions): Generator<LineBlock> {
  const { finished, blockBytes = BLOCK_BYTES } = options;
  let start = options.from;
  for (let size = blockBytes; ;) {
    const block = Buffer.allocUnsafe(size);
    const length = readFully(fd, block, start);
    if (length === 0) return;
    const atEnd = length < size;
    const end = atEnd && finished ? length : block.lastIndexOf(LINE_END, length - 1) + 1;
    if (end === 0 && !atEnd && size < MAX_BLOCK_BYTES) {
      size *= 2;
      continue;
    }
    const taken = end === 0 && !atEnd ? length : end;
    if (taken > 0) yield { bytes: block.subarray(0, taken), end: start + taken };
    if (atEnd) return;
    start += taken;
    size = blockBytes;
  }
}

/** The whole lines of a block, without their line ends; an unfinished last line is left out. */
export function* splitLines(bytes: Buffer): Generator<Buffer> {
  let start = 0;
  for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}

/** A file opened for reading. It stays the same file when its name is given to another. */
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

  /** The same open file for a second reader. Closing that reader leaves this one open. */
  again(): LineFile {
    return new LineFile(this.#fd, false);
  }

  get descriptor(): number {
    return this.#fd;
  }

  /** Whole lines from `from` on. An unfinished last line is left for later, unless the file is `finished`. */
  blocks(from: number, finished: boolean): Generator<LineBlock> {
    return lineBlocks(this.#fd, { from, finished });
  }

  /** The bytes between two offsets, up to the end of the file. */
  *range(from: number, to: number): Generator<Buffer> {
    for (let start = from; start < to;) {
      const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, to - start));
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
