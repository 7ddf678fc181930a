import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

import type { Logger } from "../../core/log.ts";
import { makeDirectories } from "../../core/make-directories.ts";
import { errorCode, errorText } from "../../core/errno.ts";
import { LockFile } from "../lock/lock-file.ts";
import { closeSegment, syncDirectoryOf } from "../files/rotation.ts";
import { SegmentFile } from "./segment-file.ts";
import { StreamTarget } from "./stream-target.ts";
import { followLinks, isRegular } from "../files/ledger-path.ts";
import type { Target, WriteOutcome } from "./target.ts";

export interface StatsFileOptions {
  readonly path: string;
  readonly rotateBytes: number;
  readonly fileMode: number;
  /** A new id for each start of the ledger worker. Each instance numbers its records from 1. */
  readonly instance: string;
  /** The instance of this process's previous ledger worker, which died; its lock is taken over. */
  readonly replaces?: string | undefined;
  readonly now: () => number;
  readonly log: Logger;
}

/** A change to the file at the path, other than an append. */
export type FileChange =
  | { readonly kind: "rotated"; readonly segment: string }
  | { readonly kind: "moved" }
  | { readonly kind: "truncated" };

/** File systems without fdatasync report one of these; that is not a failed write. */
const CANNOT_SYNC = new Set(["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);

/** The stats file through locks, rotations and moves: it holds the lock, and knows which file on disk is the active segment. */
export class StatsFile {
  readonly #options: StatsFileOptions;
  readonly #onChange: (change: FileChange) => void;
  readonly #path: string;
  #lock: LockFile | undefined;
  #target: Target | undefined;
  #rotations = 0;
  #cannotSync = false;
  #cannotRotate = false;
  #heartbeatFails = false;

  constructor(options: StatsFileOptions, onChange: (change: FileChange) => void) {
    this.#options = options;
    this.#onChange = onChange;
    this.#path = followLinks(options.path);
  }

  get rotations(): number {
    return this.#rotations;
  }

  /** True while this instance may write to the files; never for a pipe or a device. */
  get holdsLock(): boolean {
    return this.#lock !== undefined;
  }

  /** Opens the file if it is not open, or a new one if it is no longer at its path. Throws if that fails. */
  keepOpen(): void {
    if (this.#lock?.isFresh() === false) this.heartbeat();
    // Another process may take over a lock that is not renewed.
    if (this.#lock?.isFresh() === false) throw new Error(`the lock ${this.#path}.lock could not be renewed`);
    if (this.#target?.isCurrent() === false) {
      this.#options.log.warn(
        { path: this.#path },
        "another program moved or deleted the stats file; starting a new one",
      );
      this.#onChange({ kind: "moved" });
      this.#syncAndClose();
    }
    if (this.#target?.wasTruncated() === true) this.#onChange({ kind: "truncated" });
    this.#target ??= this.#open();
  }

  /** Writes whole lines to the file that `keepOpen` has opened. */
  write(lines: Buffer): WriteOutcome {
    if (this.#target?.isFull(lines.length) && !this.#cannotRotate) this.rotate();
    this.#target ??= this.#open();
    return this.#target.write(lines);
  }

  /** Forces written lines to disk. If that fails, it closes the segment and throws; later lines go to a new file. */
  sync(): void {
    this.#cannotRotate = false;
    if (this.#cannotSync) return;
    try {
      this.#target?.sync();
    } catch (error) {
      this.#cannotSync = CANNOT_SYNC.has(errorCode(error) ?? "");
      if (!this.#cannotSync) {
        this.#closeSegment();
        this.#closeTarget();
        throw error;
      }
      this.#options.log.warn(
        { path: this.#path, error: errorText(error) },
        "this file system cannot sync the stats file; a power cut may lose records",
      );
    }
  }

  /** Closes the segment and returns its new name; `undefined` if there is nothing in it, or renaming failed. */
  rotate(): string | undefined {
    if (!this.#target?.hasLines) return undefined;
    // Closed segments are never repaired, so this one must be on disk before it is renamed.
    this.#syncLast();
    const name = this.#closeSegment();
    if (name !== undefined) this.#closeTarget();
    return name;
  }

  /** Renews the lock. Throws if another instance has taken it; then this instance writes nothing more. */
  heartbeat(): void {
    let held = true;
    try {
      held = this.#lock?.heartbeat() ?? true;
      this.#heartbeatFails = false;
    } catch (error) {
      if (!this.#heartbeatFails)
        this.#options.log.warn(
          { path: this.#path, error: errorText(error) },
          "the lock on the stats file could not be renewed",
        );
      this.#heartbeatFails = true;
    }
    if (held) return;
    this.#lock = undefined;
    this.#syncAndClose();
    throw new Error(`another instance has taken the lock ${this.#path}.lock`);
  }

  close(): void {
    this.#syncAndClose();
    try {
      this.#lock?.release();
    } catch (error) {
      this.#options.log.warn(
        { path: this.#path, error: errorText(error) },
        "the lock on the stats file could not be removed; it expires by itself",
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
        `the stats file ended in an incomplete line, which was moved to ${path}.corrupt`,
      );
    }
    return segment;
  }

  /** Renames the file. If that fails it returns `undefined`, and the next sync allows another attempt. */
  #closeSegment(): string | undefined {
    try {
      const name = closeSegment(this.#path, this.#options.now());
      this.#rotations += 1;
      this.#onChange({ kind: "rotated", segment: name });
      return name;
    } catch (error) {
      this.#cannotRotate = true;
      this.#options.log.error(
        { path: this.#path, error: errorText(error) },
        "the stats file could not be rotated and keeps growing",
      );
      return undefined;
    }
  }

  /** Closes a file that will not be written again. */
  #syncAndClose(): void {
    this.#syncLast();
    this.#closeTarget();
  }

  #syncLast(): void {
    try {
      if (!this.#cannotSync) this.#target?.sync();
    } catch (error) {
      this.#options.log.error(
        { path: this.#path, error: errorText(error) },
        "the stats file could not be synced; its last records may not survive a power cut",
      );
    }
  }

  #closeTarget(): void {
    const target = this.#target;
    this.#target = undefined;
    try {
      target?.close();
    } catch (error) {
      // NFS and quotas may report a failed write only when the file is closed.
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
        "the directory of the stats file could not be synced; a power cut may lose a new file",
      );
    }
  }
}
