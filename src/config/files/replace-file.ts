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
import { setTimeout as delay } from "node:timers/promises";

import { errorCode } from "../../core/errno.ts";

/** A temporary file older than this was probably left by a writer that crashed. */
const ABANDONED_MS = 10_000;
/** Longer than a writer that crashed keeps the others out. */
const EDIT_DEADLINE_MS = 15_000;

/**
 * Edits a file that other processes edit too. `attempt` reads it and calls `replaceFile`; it returns `undefined` if that
 * returned false, and is then called again. Resolves to `undefined` if it has not succeeded after 15 seconds.
 */
export async function editFile<T>(attempt: () => T | undefined): Promise<T | undefined> {
  const deadline = performance.now() + EDIT_DEADLINE_MS;
  for (;;) {
    const result = attempt();
    if (result !== undefined || performance.now() > deadline) return result;
    await delay(10 + Math.random() * 50);
  }
}

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
  let isReplaced = false;
  try {
    if (!isCurrent()) return false;
    fill(descriptor, text, target);
    // A process that was stopped for so long that others took its file for abandoned must not rename theirs.
    if (!isSameFile(descriptor, temporary)) return false;
    renameSync(temporary, target);
    isReplaced = true;
  } finally {
    if (!isReplaced && isSameFile(descriptor, temporary)) rmSync(temporary, { force: true });
    closeSync(descriptor);
  }
  syncDirectory(dirname(target));
  return true;
}

function isSameFile(descriptor: number, path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  const opened = fstatSync(descriptor);
  return found?.ino === opened.ino && found.dev === opened.dev;
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
