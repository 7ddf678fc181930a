import { closeSync, constants, openSync, writeSync } from "node:fs";

import { asError } from "../../core/errno.ts";
import { LINE_END } from "../../jsonl/file-bytes.ts";
import type { Target, WriteOutcome } from "./target.ts";

const { O_APPEND, O_NONBLOCK, O_WRONLY } = constants;

/** A FIFO, a device, or an inherited descriptor by its path, such as /dev/stdout. It is only appended to: no lock, no rotation, no repair. */
export class StreamTarget implements Target {
  /** Written lines have been passed to the stream's reader; there is nothing to rotate. */
  readonly hasLines = false;
  readonly #fd: number;
  /** The unwritten rest of a line that the pipe has taken in part. The line is already reported as accepted. */
  #rest: Buffer = Buffer.alloc(0);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Without O_NONBLOCK, opening a FIFO without a reader would block the worker for ever; with it, open fails with ENXIO. */
  static open(path: string): StreamTarget {
    return new StreamTarget(openSync(path, O_WRONLY | O_APPEND | O_NONBLOCK));
  }

  /**
   * A full pipe often accepts part of a line, which cannot be taken back: the line counts as accepted, and the next
   * write begins with the rest of it.
   */
  write(lines: Buffer): WriteOutcome {
    const restBytes = this.#rest.length;
    const bytes = restBytes > 0 ? Buffer.concat([this.#rest, lines]) : lines;
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      const atLineStart = written === 0 ? restBytes === 0 : bytes[written - 1] === LINE_END;
      // The end of the last line that the pipe has taken, in whole or in part.
      const end = atLineStart ? written : bytes.indexOf(LINE_END, written) + 1;
      this.#rest = Buffer.from(bytes.subarray(written, end));
      return { accepted: Math.max(0, end - restBytes), error: asError(error) };
    }
    this.#rest = Buffer.alloc(0);
    return { accepted: lines.length, error: undefined };
  }

  sync(): void {
    // Pipes and terminals cannot be synced (EINVAL).
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
