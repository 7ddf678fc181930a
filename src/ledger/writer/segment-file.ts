import type { BigIntStats } from "node:fs";
import {
  closeSync,
  constants,
  fchmodSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  statSync,
  writeSync,
} from "node:fs";

import { asError, errorCode } from "../../core/errno.ts";
import type { Target, WriteOutcome } from "./target.ts";
import { LINE_END, readFully, writeFully } from "../../jsonl/file-bytes.ts";
import { MAX_TORN_BYTES, tornBytes } from "../../jsonl/torn-line.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;

interface SegmentOptions {
  readonly path: string;
  readonly mode: number;
  readonly maxBytes: number;
}

/** One regular file of whole lines, open for appending. It cuts off or ends every line that a crash or error left torn. */
export class SegmentFile implements Target {
  readonly created: boolean;
  /** Bytes of a torn line that were found and saved elsewhere when the file was opened. */
  readonly repairedBytes: number;
  readonly #fd: number;
  readonly #options: SegmentOptions;
  readonly #identity: BigIntStats;
  #size: number;
  #synced = true;
  /** The file ends in a torn line that could not be cut off: the next write ends that line first. */
  #torn = false;
  #truncated = false;

  private constructor(options: SegmentOptions, fd: number, created: boolean) {
    this.#options = options;
    this.#fd = fd;
    this.created = created;
    this.#identity = fstatSync(fd, { bigint: true });
    this.#size = Number(this.#identity.size);
    this.repairedBytes = this.#repair();
  }

  static open(options: SegmentOptions): SegmentFile {
    const { fd, created } = openForAppending(options);
    try {
      return new SegmentFile(options, fd, created);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  write(lines: Buffer): WriteOutcome {
    const bytes = this.#torn ? Buffer.concat([Buffer.from("\n"), lines]) : lines;
    const addedBytes = bytes.length - lines.length;
    let written = 0;
    this.#synced = false;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      return { accepted: Math.max(0, this.#cutBack(bytes, written) - addedBytes), error: asError(error) };
    }
    this.#torn = false;
    this.#size += bytes.length;
    return { accepted: lines.length, error: undefined };
  }

  /** After an error the file must not be synced again: Linux may have dropped the pages and would then report success. */
  sync(): void {
    if (this.#synced) return;
    fdatasyncSync(this.#fd);
    this.#synced = true;
  }

  isCurrent(): boolean {
    let found: BigIntStats | undefined;
    try {
      found = statSync(this.#options.path, { bigint: true, throwIfNoEntry: false });
    } catch {
      // The directory is no longer readable. That says nothing about the file, and the open descriptor still takes lines.
      return true;
    }
    if (found?.ino !== this.#identity.ino || found.dev !== this.#identity.dev) return false;
    // Other programs rotate by copying the file and truncating it.
    const size = Number(found.size);
    this.#truncated ||= size < this.#size;
    this.#size = size;
    return true;
  }

  wasTruncated(): boolean {
    const truncated = this.#truncated;
    this.#truncated = false;
    return truncated;
  }

  isFull(bytes: number): boolean {
    return this.#size > 0 && this.#size + bytes > this.#options.maxBytes;
  }

  get hasLines(): boolean {
    return this.#size > 0;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Cuts off the torn line of a failed write; returns how many of the written bytes stay in the file. */
  #cutBack(bytes: Buffer, written: number): number {
    if (written === 0) return 0;
    const whole = bytes.lastIndexOf(LINE_END, written - 1) + 1;
    this.#torn = whole < written;
    if (this.#torn) this.#torn = !this.#cut(written - whole);
    return whole;
  }

  #cut(bytes: number): boolean {
    try {
      // Another program may have truncated the file since its size was last read.
      const size = Math.max(0, fstatSync(this.#fd).size - bytes);
      ftruncateSync(this.#fd, size);
      this.#size = size;
      return true;
    } catch {
      // An append-only file (chattr +a) or a failing disk: the next write ends the torn line instead.
      return false;
    }
  }

  /** Moves the torn line that a crash left to a file of its own, so that no byte is ever discarded. */
  #repair(): number {
    const torn = tornBytes(this.#fd, this.#size);
    if (torn === 0) return 0;
    if (torn >= MAX_TORN_BYTES) {
      this.#torn = true;
      return 0;
    }
    const { path, mode } = this.#options;
    const line = Buffer.alloc(torn);
    const length = readFully(this.#fd, line, this.#size - torn);
    appendSynced(`${path}.corrupt`, mode, [line.subarray(0, length), Buffer.from("\n")]);
    this.#torn = !this.#cut(torn);
    return torn;
  }
}

function appendSynced(path: string, mode: number, parts: readonly Buffer[]): void {
  const fd = openSync(path, "a", mode);
  try {
    for (const part of parts) writeFully(fd, part);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function openForAppending({ path, mode }: SegmentOptions): { readonly fd: number; readonly created: boolean } {
  try {
    return { fd: openSync(path, O_RDWR | O_APPEND), created: false };
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL, mode);
  try {
    // The operator configured this mode, so the umask must not narrow it.
    fchmodSync(fd, mode);
  } catch {
    // File systems without permissions of their own reject this; the mode of the mount applies there.
  }
  return { fd, created: true };
}
