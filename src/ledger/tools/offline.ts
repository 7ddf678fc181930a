import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { LedgerOpenError } from "../writer/ledger-open-error.ts";
import { LockFile } from "../lock/lock-file.ts";
import { setAside, syncDirectoryOf } from "../writer/rotation.ts";
import { followLinks, isRegular } from "../writer/target.ts";

// What a command may do to a stats file beside a gateway: nothing while another process holds what it needs.

/** The file behind `stats.output_path`; `undefined` for a pipe or a device, which keeps nothing. */
export function keptFile(outputPath: string): string | undefined {
  const path = followLinks(outputPath);
  return isRegular(path) ? path : undefined;
}

/** Closes the segment that a gateway left open. `"running"` where one writes it: only that one may close it. */
export function closeLeftOpen(path: string, now: () => number): "closed" | "empty" | "running" {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return "empty";
  let lock: LockFile;
  try {
    lock = take(`${path}.lock`, now);
  } catch (error) {
    if (error instanceof LedgerOpenError) return "running";
    throw error;
  }
  try {
    setAside(path, now());
    syncDirectoryOf(path);
    return "closed";
  } finally {
    lock.release();
  }
}

export interface RepriceLock {
  /** Shows that its holder lives; to be called every few seconds. */
  beat(): void;
  release(): void;
}

/** Two that replace the same segments would undo each other's work. Throws `LedgerOpenError` while another does. */
export function lockForRepricing(path: string, now: () => number): RepriceLock {
  const lock = take(`${path}.reprice.lock`, now);
  return {
    beat: () => {
      if (!lock.isFresh()) lock.heartbeat();
    },
    release: () => lock.release(),
  };
}

function take(path: string, now: () => number): LockFile {
  return LockFile.acquire({ path, instance: randomUUID(), replaces: undefined, now });
}
