import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { LedgerOpenError } from "../files/ledger-open-error.ts";
import { closeSegment, syncDirectoryOf } from "../files/rotation.ts";
import { LockFile } from "../lock/lock-file.ts";

// The locks under which a command may change stats files while a gateway may be running.

/** Closes the active segment if no gateway is running; returns "running" if one is, since only it may close the file. */
export function closeActiveSegment(path: string, now: () => number): "closed" | "empty" | "running" {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return "empty";
  let lock: LockFile;
  try {
    lock = acquire(`${path}.lock`, now);
  } catch (error) {
    if (error instanceof LedgerOpenError) return "running";
    throw error;
  }
  try {
    closeSegment(path, now());
    syncDirectoryOf(path);
    return "closed";
  } finally {
    lock.release();
  }
}

export interface RepriceLock {
  /** Renews the lock; call it every few seconds. */
  heartbeat(): void;
  release(): void;
}

/** Two commands that replace the same segments would undo each other's work. Throws `LedgerOpenError` while one runs. */
export function lockForRepricing(path: string, now: () => number): RepriceLock {
  const lock = acquire(`${path}.reprice.lock`, now);
  return {
    heartbeat: () => {
      if (!lock.isFresh()) lock.heartbeat();
    },
    release: () => lock.release(),
  };
}

function acquire(path: string, now: () => number): LockFile {
  return LockFile.acquire({ path, instance: randomUUID(), replaces: undefined, now });
}
