import { lstatSync, readlinkSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { LedgerOpenError } from "./ledger-open-error.ts";

/** Where lines go. Takes whole lines; what it did not accept stays the caller's. */
export interface Target {
  write(lines: Buffer): WriteOutcome;
  /** Forces to disk what was written since the last time. */
  sync(): void;
  /** False once the path no longer leads to this file. */
  isCurrent(): boolean;
  /** Whether somebody has made it shorter since the last time. */
  wasTruncated(): boolean;
  /** True if `bytes` more would be too many for one file. */
  isFull(bytes: number): boolean;
  /** Whether there is something that could be set aside. */
  readonly hasLines: boolean;
  close(): void;
}

export interface WriteOutcome {
  /** Bytes of whole lines that are the target's now; they must not be written again. */
  readonly accepted: number;
  readonly error: Error | undefined;
}

const MAX_LINKS = 40;

/** A descriptor's name: where it leads is not for us to rename or lock, even when that is a plain file. */
const DESCRIPTOR = /^\/(?:proc\/[^/]+|dev)\/fd\/\d+$/;

/**
 * The path behind symbolic links, so that rotation renames the file and not the link, and two links to one file share
 * one lock. The file itself need not exist.
 */
export function followLinks(path: string): string {
  let at = resolve(path);
  for (let links = 0; links < MAX_LINKS && !DESCRIPTOR.test(at); links += 1) {
    const link = readLink(at);
    if (link === undefined) break;
    at = resolve(dirname(at), link);
  }
  return at;
}

function readLink(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    // Not there, or not to be seen: opening it will say so, and is tried again.
    return undefined;
  }
}

/** A regular file is looked after (lock, rotation, repair); anything else is appended to and nothing more. */
export function isRegular(path: string): boolean {
  if (DESCRIPTOR.test(path)) return false;
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry?.isDirectory()) {
    throw new LedgerOpenError(
      `stats.output_path ${path} is a directory; it must name a file, such as ${path}/stats.jsonl`,
    );
  }
  return entry === undefined || entry.isFile();
}
