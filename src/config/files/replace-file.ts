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

/** A writer that died left its file behind; no living one takes so long. */
const ABANDONED_MS = 10_000;

/**
 * Puts `text` in the place of an existing file in one step: readers see the old file or the new one, never a part.
 * Links are followed; mode and owner stay, since the gateway may run as another user. The new file's temporary name
 * is the same for all writers and so keeps out a second one between `isCurrent` and the rename. False when there is
 * such a writer, or when the file is no longer current; nothing was written then.
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

/** Without it, a power cut may bring the old file back. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
