import type { BigIntStats } from "node:fs";
import {
  closeSync,
  constants,
  fchmodSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  statSync,
  writeSync,
} from "node:fs";

import { asError, errorCode } from "../../core/errno.ts";
import type { Target, WriteOutcome } from "./target.ts";
import { MAX_TORN_BYTES, saveTail, tornBytes } from "./torn-tail.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;
const LINE_END = 0x0a;

interface SegmentOptions {
  readonly path: string;
  readonly mode: number;
  readonly maxBytes: number;
}

/** One regular file of whole lines, open for appending. It never ends in part of a line longer than can be helped. */
export class SegmentFile implements Target {
  readonly created: boolean;
  /** Bytes of an unfinished last line that were found, and saved, when the file was opened. */
  readonly repairedBytes: number;
  readonly #fd: number;
  readonly #options: SegmentOptions;
  readonly #identity: BigIntStats;
  #size: number;
  #synced = true;
  /** The file ends in part of a line that could not be cut off: the next write ends that line first. */
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
    const lead = bytes.length - lines.length;
    let written = 0;
    this.#synced = false;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      return { accepted: Math.max(0, this.#cutBack(bytes, written) - lead), error: asError(error) };
    }
    this.#torn = false;
    this.#size += bytes.length;
    return { accepted: lines.length, error: undefined };
  }

  /** After an error this file must not be synced again: Linux may have dropped the pages and would report success. */
  sync(): void {
    if (this.#synced) return;
    fdatasyncSync(this.#fd);
    this.#synced = true;
  }

  isCurrent(): boolean {
    let there: BigIntStats | undefined;
    try {
      there = statSync(this.#options.path, { bigint: true, throwIfNoEntry: false });
    } catch {
      // A directory we may no longer search tells nothing, and the open file still takes lines.
      return true;
    }
    if (there?.ino !== this.#identity.ino || there.dev !== this.#identity.dev) return false;
    // Somebody may have copied and truncated the file.
    const size = Number(there.size);
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

  /** Cuts off the part of a line that a failed write left behind; returns how many of the bytes stay in the file. */
  #cutBack(bytes: Buffer, written: number): number {
    if (written === 0) return 0;
    const whole = bytes.lastIndexOf(LINE_END, written - 1) + 1;
    this.#torn = whole < written;
    if (this.#torn) this.#torn = !this.#cut(written - whole);
    return whole;
  }

  #cut(bytes: number): boolean {
    try {
      // Asked afresh, because the file may have been truncated by others since we last looked.
      const size = Math.max(0, fstatSync(this.#fd).size - bytes);
      ftruncateSync(this.#fd, size);
      this.#size = size;
      return true;
    } catch {
      // An append-only file (chattr +a) or a failing disk: the unfinished line is ended instead, by the next write.
      return false;
    }
  }

  /** What a crash left of the last line is copied to a file of its own first, so that nothing is ever thrown away. */
  #repair(): number {
    const torn = tornBytes(this.#fd, this.#size);
    if (torn === 0) return 0;
    if (torn >= MAX_TORN_BYTES) {
      this.#torn = true;
      return 0;
    }
    const { path, mode } = this.#options;
    saveTail(this.#fd, { start: this.#size - torn, bytes: torn }, { path: `${path}.corrupt`, mode });
    this.#torn = !this.#cut(torn);
    return torn;
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
    // The mode was asked for in the configuration; the umask shall not narrow it.
    fchmodSync(fd, mode);
  } catch {
    // File systems without permissions of their own refuse; the mode of the mount holds there.
  }
  return { fd, created: true };
}
