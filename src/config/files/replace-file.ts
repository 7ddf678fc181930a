import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

import { errorCode } from "../../core/errno.ts";

/** A temporary file older than this was left by a writer that crashed; no running writer takes so long. */
const ABANDONED_MS = 10_000;

/**
 * Replaces the content of an existing file atomically: readers see the old file or the new one, never a part. Links are
 * followed. Mode and owner stay, because the gateway may run as another user. All writers use the same temporary name,
 * which keeps a second writer out between `isCurrent` and the rename. Returns false, without writing, if there is another
 * writer or the file is no longer current.
 */
export function replaceFile(path: string, text: string, isCurrent: () => boolean): boolean {
  const target = realpathSync(path);
  const temporary = join(dirname(target), `.${basename(target)}.lmgate-new`);
  const descriptor = createAlone(temporary);
  if (descriptor === undefined) return false;
  try {
    try {
      if (!isCurrent()) {
        rmSync(temporary);
        return false;
      }
      fill(descriptor, text, target);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(target));
  return true;
}

function createAlone(path: string): number | undefined {
  try {
    return openSync(path, "wx", 0o600);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (made !== undefined && Date.now() - made > ABANDONED_MS) rmSync(path, { force: true });
    return undefined;
  }
}

function fill(descriptor: number, text: string, like: string): void {
  const { mode, uid, gid } = statSync(like);
  const made = fstatSync(descriptor);
  if (made.uid !== uid || made.gid !== gid) fchownSync(descriptor, uid, gid);
  fchmodSync(descriptor, mode & 0o7777);
  writeFileSync(descriptor, text);
  fsyncSync(descriptor);
}

/** Without this sync of the directory, a power cut may bring the old file back. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
