import { closeSync, openSync, readdirSync, realpathSync, statSync, type BigIntStats } from "node:fs";
import { createHash } from "node:crypto";
import { basename, dirname, extname, join, resolve } from "node:path";
import { recordOnLine } from "../../core/request/record-line.ts";
import { lineBlocks, splitLines } from "../../jsonl/read-lines.ts";
import type { LedgerFile } from "./ledger-file.ts";
import type { Seen } from "../parquet/manifest.ts";
import { distinguish } from "./segment-identity.ts";

// Finds the files of the ledger: the one that is being written and those that rotation left beside it, whether the
// gateway rotated or another program. A segment is identified by its first record, whatever the name of its file.

/** Nearly every first record is within the first block of this size. */
const HEAD_BLOCK_BYTES = 64 * 1024;
/** The first lines may be damaged. A file without a record in this many bytes is not a ledger. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;

/** Resolves symbolic links, as the ledger does. */
export function realLedgerPath(outputPath: string): string {
  const path = resolve(outputPath);
  try {
    return realpathSync(path);
  } catch {
    // There is no file yet, or not even a directory.
    return path;
  }
}

/** The existing segments, one file for each, in order of time. */
export function findSegments(path: string, known: ReadonlyMap<string, LedgerFile> = new Map()): readonly LedgerFile[] {
  const files = segmentNames(path)
    .map((name) => fileAt(join(dirname(path), name), path, known.get(name)))
    .filter((file) => file !== undefined)
    .toSorted(byPrecedence);
  const groups = Map.groupBy(files, ({ id }) => id);
  return [...groups.values()].flatMap(distinguish).toSorted(inTime);
}

/** Identifies the file by its beginning. `undefined` if it does not exist or holds no record. */
export function fileAt(path: string, livePath: string, before?: LedgerFile): LedgerFile | undefined {
  const seen = seenAt(path);
  if (seen === undefined || seen.size === 0) return undefined;
  const isLive = path === livePath;
  // A file that only grew still has the same beginning. The file that is being written may also grow after it was
  // truncated and rewritten.
  if (!isLive && before !== undefined && before.seen.inode === seen.inode && before.seen.size <= seen.size) {
    return { ...before, path, seen, isLive };
  }
  const id = firstRecord(path);
  return id === undefined ? undefined : { path, name: basename(path), id, seen, isLive };
}

export function seenAt(path: string, kind: "file" | "directory" = "file"): Seen | undefined {
  let stats: BigIntStats | undefined;
  try {
    stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // The file cannot be read, so it counts as missing until the next look.
    return undefined;
  }
  if (stats === undefined || (kind === "file" ? !stats.isFile() : !stats.isDirectory())) return undefined;
  return seenIn(stats);
}

export function seenIn(stats: BigIntStats): Seen {
  return { inode: `${stats.dev}:${stats.ino}`, size: Number(stats.size), mtimeMs: Number(stats.mtimeNs) / 1e6 };
}

export function isSame(one: Seen | null, other: Seen): boolean {
  return one?.inode === other.inode && one.size === other.size && one.mtimeMs === other.mtimeMs;
}

/** The ledger's own names, and those of other programs that rotate files: a number or a date after the name. */
function segmentNames(path: string): readonly string[] {
  const extension = extname(path);
  const base = basename(path);
  const stem = basename(path, extension);
  const mark = /^[-.]\d[\dTZ:._-]*$/;
  return entriesOf(dirname(path)).filter((name) => {
    if (name === base) return true;
    if (name.startsWith(base)) return mark.test(name.slice(base.length));
    if (!name.startsWith(stem) || !name.endsWith(extension)) return false;
    return mark.test(name.slice(stem.length, name.length - extension.length));
  });
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // There is no directory yet, so there are no segments.
    return [];
  }
}

/**
 * Orders files with the same beginning: those that the gateway closed come first, the one that is being written last.
 */
function byPrecedence(one: LedgerFile, other: LedgerFile): number {
  const rank = ({ isLive, name }: LedgerFile): number => (isLive ? 2 : isOwnName(name) ? 0 : 1);
  return rank(one) - rank(other) || (one.name < other.name ? -1 : 1);
}

function isOwnName(name: string): boolean {
  return /-\d{8}T\d{6}\.\d{3}Z(\.[^.]*)?$/.test(name);
}

/** Ids are in order of time. The file that is being written comes last, whatever its first record. */
function inTime(one: LedgerFile, other: LedgerFile): number {
  if (one.isLive !== other.isLive) return one.isLive ? 1 : -1;
  const [a, b] = [one.id, other.id];
  return a < b ? -1 : a > b ? 1 : 0;
}

function firstRecord(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    // The file was removed meanwhile, or may not be read.
    return undefined;
  }
  try {
    for (const { bytes, end } of lineBlocks(fd, { from: 0, finished: false, blockBytes: HEAD_BLOCK_BYTES })) {
      const id = firstIdIn(bytes);
      if (id !== undefined || end >= MAX_HEAD_BYTES) return id;
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function firstIdIn(lines: Buffer): string | undefined {
  for (const line of splitLines(lines)) {
    const record = recordOnLine(line.toString("utf8"));
    if (typeof record?.id === "string") return record.id;
    if (record !== undefined) return `sha256:${createHash("sha256").update(line).digest("hex")}`;
  }
  return undefined;
}
