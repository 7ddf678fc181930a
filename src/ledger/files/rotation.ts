import { closeSync, fsyncSync, openSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { errorCode } from "../../core/errno.ts";

// How a stats file becomes a closed segment, and how closed segments are found again by their names.

const MAX_TRIES = 1000;
/** `20261123T154530.123Z`: sorts by time and needs no quoting in a shell or on Windows. */
const STAMP = String.raw`\d{8}T\d{6}\.\d{3}Z`;

/**
 * Renames the file to `<name>-<UTC time>.<ext>` and returns that name. An existing name is never overwritten: the time
 * advances by a millisecond until the name is free, which keeps the names in order.
 */
export function closeSegment(path: string, now: number): string {
  for (let at = now; at < now + MAX_TRIES; at += 1) {
    const name = segmentName(path, at);
    if (!reserve(name)) continue;
    try {
      renameSync(path, name);
      return name;
    } catch (error) {
      unlinkSync(name);
      throw error;
    }
  }
  throw new Error(`no free name to rotate ${path} to`);
}

/** A new or renamed file survives a power cut only once its directory is synced. */
export function syncDirectoryOf(path: string): void {
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The closed segments of a stats file, oldest first. No process writes them any more. */
export function closedSegments(path: string): readonly string[] {
  const directory = dirname(path);
  const extension = extname(path);
  const stem = `${basename(path, extension)}-`;
  const stamp = new RegExp(`^${STAMP}$`);
  return readdirSync(directory)
    .filter((name) => name.startsWith(stem) && name.endsWith(extension))
    .filter((name) => stamp.test(name.slice(stem.length, name.length - extension.length)))
    .toSorted()
    .map((name) => join(directory, name));
}

/** The stats file that a closed segment was renamed from; any other path unchanged. */
export function unrotated(path: string): string {
  return path.replace(new RegExp(String.raw`-${STAMP}(\.[^./]*)?$`), "$1");
}

function segmentName(path: string, at: number): string {
  const extension = extname(path);
  const stem = extension === "" ? path : path.slice(0, -extension.length);
  return `${stem}-${new Date(at).toISOString().replaceAll(/[-:]/g, "")}${extension}`;
}

/** Reserves the name by creating it: `rename` alone would overwrite a file that appeared a moment ago. */
function reserve(name: string): boolean {
  try {
    closeSync(openSync(name, "wx"));
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}
