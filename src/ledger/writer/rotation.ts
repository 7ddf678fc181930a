import { closeSync, fsyncSync, openSync, renameSync, unlinkSync } from "node:fs";
import { dirname, extname } from "node:path";

import { errorCode } from "../../core/errno.ts";

const MAX_TRIES = 1000;

/**
 * Renames the file to `<name>-<UTC time>.<ext>` and returns that name. A name that exists is never overwritten: the
 * time moves on by a millisecond until it is free, which keeps names alike and in order.
 */
export function setAside(path: string, now: number): string {
  for (let at = now; at < now + MAX_TRIES; at += 1) {
    const name = rotatedName(path, at);
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

/** A new or renamed file is safe from a power cut only once its directory is. */
export function syncDirectoryOf(path: string): void {
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** `stats.jsonl` → `stats-20261123T154530.123Z.jsonl`: sorts by time and holds no character that a shell or Windows minds. */
function rotatedName(path: string, at: number): string {
  const extension = extname(path);
  const stem = extension === "" ? path : path.slice(0, -extension.length);
  return `${stem}-${new Date(at).toISOString().replaceAll(/[-:]/g, "")}${extension}`;
}

/** Takes the name by creating it: rename alone would overwrite a file that appeared a moment ago. */
function reserve(name: string): boolean {
  try {
    closeSync(openSync(name, "wx"));
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}
