import { lstatSync, readlinkSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LedgerOpenError } from "./ledger-open-error.ts";

const MAX_LINKS = 40;

/** A descriptor's name. Its file belongs to the process that opened it: it is neither renamed nor locked here. */
const DESCRIPTOR = /^\/(?:proc\/[^/]+|dev)\/fd\/\d+$/;

/**
 * Resolves symbolic links, so that rotation renames the file and not the link, and two links to one file share one lock.
 * The file itself need not exist.
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
    // Missing or unreadable: opening the file reports that, and is retried.
    return undefined;
  }
}

/** True for a file that the ledger locks, rotates and repairs. A pipe or a device is only appended to. */
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

/** The file behind `stats.output_path`; `undefined` for a pipe or a device, from which no record can be read again. */
export function storedLedger(outputPath: string): string | undefined {
  const path = followLinks(outputPath);
  return isRegular(path) ? path : undefined;
}
