import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

import type { Logger } from "../../core/log.ts";
import { makeDirectories } from "../../core/make-directories.ts";
import { errorCode, errorText } from "../../core/errno.ts";
import { LockFile } from "../lock/lock-file.ts";
import { setAside, syncDirectoryOf } from "./rotation.ts";
import { SegmentFile } from "./segment-file.ts";
import { StreamTarget } from "./stream-target.ts";
import { followLinks, isRegular } from "./target.ts";
import type { Target, WriteOutcome } from "./target.ts";

export interface StatsFileOptions {
  readonly path: string;
  readonly rotateBytes: number;
  readonly fileMode: number;
  /** One per ledger and process start; it numbers its records from 1. */
  readonly instance: string;
  /** The instance of a ledger thread of this process that has died, whose lock this one takes over. */
  readonly replaces?: string | undefined;
  readonly now: () => number;
  readonly log: Logger;
}

/** What became of the file at the path, other than being written. */
export type FileChange =
  | { readonly kind: "rotated"; readonly segment: string }
  | { readonly kind: "moved" }
  | { readonly kind: "truncated" };

/** File systems that know no fdatasync say so; that is no failed write. */
const CANNOT_SYNC = new Set(["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);

/** The stats file over its life: who may write it, and which file on disk it is at the moment. */
export class StatsFile {
  readonly #options: StatsFileOptions;
  readonly #changed: (change: FileChange) => void;
  readonly #path: string;
  #lock: LockFile | undefined;
  #target: Target | undefined;
  #rotations = 0;
  #cannotSync = false;
  #cannotRotate = false;
  #heartbeatFails = false;

  constructor(options: StatsFileOptions, changed: (change: FileChange) => void) {
    this.#options = options;
    this.#changed = changed;
    this.#path = followLinks(options.path);
  }

  get rotations(): number {
    return this.#rotations;
  }

  /** Whether this is the one that may write here; never so for what is no regular file. */
  get holdsLock(): boolean {
    return this.#lock !== undefined;
  }

  /** Opens the file if it is not open, and anew if it is no longer at its path. Throws what prevents it. */
  keepOpen(): void {
    if (this.#lock?.isFresh() === false) this.heartbeat();
    if (this.#target?.isCurrent() === false) {
      this.#options.log.warn(
        { path: this.#path },
        "the stats file was moved or deleted by someone else; a new one is begun",
      );
      this.#changed({ kind: "moved" });
      this.#leave();
    }
    if (this.#target?.wasTruncated() === true) this.#changed({ kind: "truncated" });
    this.#target ??= this.#open();
  }

  /** Writes whole lines to the file that `keepOpen` left open. */
  write(lines: Buffer): WriteOutcome {
    if (this.#target?.isFull(lines.length) && !this.#cannotRotate) this.rotate();
    this.#target ??= this.#open();
    return this.#target.write(lines);
  }

  /** Forces to disk what was written. Throws if that failed; what follows then goes to a new file. */
  sync(): void {
    this.#cannotRotate = false;
    if (this.#cannotSync) return;
    try {
      this.#target?.sync();
    } catch (error) {
      this.#cannotSync = CANNOT_SYNC.has(errorCode(error) ?? "");
      if (!this.#cannotSync) {
        this.#setAside();
        this.#closeTarget();
        throw error;
      }
      this.#options.log.warn(
        { path: this.#path, error: errorText(error) },
        "this file system cannot sync the stats file: a power cut may lose records",
      );
    }
  }

  /** Begins a new file; the name of the old one. `undefined` where there is none, or nothing in it. */
  rotate(): string | undefined {
    if (!this.#target?.hasLines) return undefined;
    // Before it gets its new name, for nobody repairs a file that has one.
    this.#syncLast();
    const name = this.#setAside();
    if (name !== undefined) this.#closeTarget();
    return name;
  }

  /** Shows other instances that this one lives. Throws if another has taken the lock; nothing more is written then. */
  heartbeat(): void {
    let held = true;
    try {
      held = this.#lock?.heartbeat() ?? true;
      this.#heartbeatFails = false;
    } catch (error) {
      if (!this.#heartbeatFails)
        this.#options.log.warn(
          { path: this.#path, error: errorText(error) },
          "the lock of the stats file cannot be renewed",
        );
      this.#heartbeatFails = true;
    }
    if (held) return;
    this.#lock = undefined;
    this.#leave();
    throw new Error(`another instance has taken the lock ${this.#path}.lock`);
  }

  close(): void {
    this.#leave();
    try {
      this.#lock?.release();
    } catch (error) {
      this.#options.log.warn(
        { path: this.#path, error: errorText(error) },
        "the lock of the stats file cannot be removed; it expires by itself",
      );
    }
    this.#lock = undefined;
  }

  #open(): Target {
    const path = this.#path;
    const { fileMode, rotateBytes, instance, replaces, now } = this.#options;
    if (!isRegular(path)) return StreamTarget.open(path);
    makeDirectories(dirname(path), { make: mkdirSync, parentOf: dirname });
    if (this.#lock) this.heartbeat();
    else this.#lock = LockFile.acquire({ path: `${path}.lock`, instance, replaces, now });
    const segment = SegmentFile.open({ path, mode: fileMode, maxBytes: rotateBytes });
    if (segment.created) this.#syncDirectory();
    if (segment.repairedBytes > 0) {
      this.#options.log.warn(
        { path: this.#path, bytes: segment.repairedBytes },
        `the stats file ended in an unfinished line, which was saved to ${path}.corrupt`,
      );
    }
    return segment;
  }

  /** Renames the file; `undefined` if that is not possible, until the next sync tries again. */
  #setAside(): string | undefined {
    try {
      const name = setAside(this.#path, this.#options.now());
      this.#rotations += 1;
      this.#changed({ kind: "rotated", segment: name });
      return name;
    } catch (error) {
      this.#cannotRotate = true;
      this.#options.log.error(
        { path: this.#path, error: errorText(error) },
        "the stats file cannot be rotated and goes on growing",
      );
      return undefined;
    }
  }

  /** Closes a file that will not be written again. */
  #leave(): void {
    this.#syncLast();
    this.#closeTarget();
  }

  #syncLast(): void {
    try {
      if (!this.#cannotSync) this.#target?.sync();
    } catch (error) {
      this.#options.log.error(
        { path: this.#path, error: errorText(error) },
        "the stats file cannot be synced; its last records may not survive a power cut",
      );
    }
  }

  #closeTarget(): void {
    const target = this.#target;
    this.#target = undefined;
    try {
      target?.close();
    } catch (error) {
      // NFS and quotas report failed writes here at the latest.
      this.#options.log.error(
        { path: this.#path, error: errorText(error) },
        "closing the stats file failed; its last records may be lost",
      );
    }
  }

  #syncDirectory(): void {
    try {
      syncDirectoryOf(this.#path);
    } catch (error) {
      this.#options.log.warn(
        { path: this.#path, error: errorText(error) },
        "the directory of the stats file cannot be synced: a power cut may lose a new file",
      );
    }
  }
}
