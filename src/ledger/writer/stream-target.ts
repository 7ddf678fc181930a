import { closeSync, constants, openSync, writeSync } from "node:fs";

import { asError } from "../../core/errno.ts";
import type { Target, WriteOutcome } from "./target.ts";

const { O_APPEND, O_NONBLOCK, O_WRONLY } = constants;
const LINE_END = 0x0a;

/** A FIFO, a device or a descriptor: appended to and nothing more. */
export class StreamTarget implements Target {
  /** What was written here went on to somebody else. */
  readonly hasLines = false;
  readonly #fd: number;
  /** What the last line begun still lacks. */
  #rest: Buffer = Buffer.alloc(0);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Without O_NONBLOCK a FIFO that nobody reads would hold the thread for ever; so it fails with ENXIO. */
  static open(path: string): StreamTarget {
    return new StreamTarget(openSync(path, O_WRONLY | O_APPEND | O_NONBLOCK));
  }

  /**
   * A pipe fills up in the middle of a line as a matter of course, and nothing can be taken back from it: the line
   * counts as accepted, and the next write begins with the rest of it.
   */
  write(lines: Buffer): WriteOutcome {
    const owed = this.#rest.length;
    const bytes = owed > 0 ? Buffer.concat([this.#rest, lines]) : lines;
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      const atLineStart = written === 0 ? owed === 0 : bytes[written - 1] === LINE_END;
      const end = atLineStart ? written : bytes.indexOf(LINE_END, written) + 1;
      this.#rest = Buffer.from(bytes.subarray(written, end));
      return { accepted: Math.max(0, end - owed), error: asError(error) };
    }
    this.#rest = Buffer.alloc(0);
    return { accepted: lines.length, error: undefined };
  }

  sync(): void {
    // fdatasync is not defined for pipes and terminals (EINVAL).
  }

  isCurrent(): boolean {
    return true;
  }

  wasTruncated(): boolean {
    return false;
  }

  isFull(): boolean {
    return false;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
