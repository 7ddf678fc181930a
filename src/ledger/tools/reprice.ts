import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Prices } from "../../prices/prices.ts";
import { syncDirectoryOf } from "../writer/rotation.ts";
import { repriceLine } from "./repriced-line.ts";
import { wholeLines } from "../../jsonl/whole-lines.ts";

// Works the costs of records out anew, in segments that nobody writes any more. A segment is replaced as a whole: at any
// moment its name leads to the old file or to the new one, and each is complete.

export interface RepriceOptions {
  readonly prices: Prices;
  readonly dryRun: boolean;
  /** Called about a hundred times a second of work, with the bytes read since the last time. */
  readonly onRead: (bytes: number) => void;
}

export interface RepriceResult {
  readonly records: number;
  readonly changed: number;
  readonly beforeUsd: number;
  readonly afterUsd: number;
}

/** Whoever calls this holds the lock of repricing, so a new file found there was left by one that died. */
export function repriceSegment(path: string, options: RepriceOptions): RepriceResult {
  const temporary = join(dirname(path), `.${basename(path)}.repriced`);
  const from = openSync(path, "r");
  try {
    if (options.dryRun) return reprice(from, undefined, options);
    const to = openSync(temporary, "w", 0o600);
    let result: RepriceResult;
    try {
      result = reprice(from, to, options);
      if (result.changed > 0) finish(to, from);
    } finally {
      closeSync(to);
    }
    if (result.changed === 0) rmSync(temporary);
    else {
      renameSync(temporary, path);
      syncDirectoryOf(path);
    }
    return result;
  } catch (error) {
    if (!options.dryRun) rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(from);
  }
}

function finish(to: number, like: number): void {
  const { mode, uid, gid } = fstatSync(like);
  const made = fstatSync(to);
  if (made.uid !== uid || made.gid !== gid) fchownSync(to, uid, gid);
  fchmodSync(to, mode & 0o7777);
  fsyncSync(to);
}

function reprice(from: number, to: number | undefined, { prices, onRead }: RepriceOptions): RepriceResult {
  const sums = { records: 0, changed: 0, beforeUsd: 0, afterUsd: 0 };
  for (const bytes of wholeLines(from, onRead)) {
    const out: string[] = [];
    // Latin-1, one character a byte, so that bytes which are no UTF-8 come out as they went in.
    for (const line of bytes.toString("latin1").split("\n")) {
      const repriced = line === "" ? undefined : repriceLine(line, prices);
      out.push(repriced?.line ?? line);
      if (repriced === undefined) continue;
      sums.records++;
      sums.beforeUsd += repriced.before;
      sums.afterUsd += repriced.after;
      if (repriced.line !== line) sums.changed++;
    }
    if (to !== undefined) writeFully(to, Buffer.from(out.join("\n"), "latin1"));
  }
  return sums;
}

function writeFully(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
