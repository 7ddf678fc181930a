import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

import { errorCode } from "../../core/errno.ts";

// The manifest lists the Parquet files of the store and, for each segment of the ledger, how far they cover it. It is
// replaced as a whole, so a reader sees the old state or the new one, never a mixture.

const VERSION = 1;

const whole = z.number().int().min(0);
const text = z.string().nullable();

const part = z.object({
  calls: z.string(),
  hours: z.string(),
  records: whole,
  bytes: whole,
  /** SHA-256 of the two files. */
  digests: z.object({ calls: z.string(), hours: z.string() }),
  /** The times at which the first and the last request ended, in RFC 3339. */
  firstTs: z.string(),
  lastTs: z.string(),
  /** The smallest and the largest id, between which a record that was read before is searched for. */
  minId: text,
  maxId: text,
  /** Ids of the segments whose records it holds. */
  segments: z.array(z.string()),
});

const segment = z.object({
  /** The id of its first record. */
  id: z.string(),
  /** The file in which it was last seen. */
  name: z.string(),
  /** The watermark: everything before it is in the Parquet files, nothing after it is. */
  bytes: whole,
  records: whole,
  /** Lines that are not records. */
  bad: whole,
  /** Records that are in the ledger a second time. */
  duplicates: whole,
  firstTs: text,
  lastTs: text,
  /** SHA-256 of the bytes up to each end, starting at the previous one. They show whether a file was rewritten. */
  ranges: z.array(z.object({ end: whole, sha256: z.string() })),
  /** The file's state when it was last compared. An unchanged file is not read again. */
  seen: z.object({ inode: z.string(), size: whole, mtimeMs: z.number() }).nullable(),
});

const manifest = z.object({
  version: z.literal(VERSION),
  /** Increased by each change. */
  generation: whole,
  /** The real path of the stats file that the store belongs to. Earlier versions wrote none. */
  ledger: z.string().optional(),
  parts: z.array(part),
  segments: z.array(segment),
});

export type Part = Readonly<z.infer<typeof part>>;
export type SegmentState = Readonly<z.infer<typeof segment>>;
export type Seen = NonNullable<SegmentState["seen"]>;
export interface Manifest extends Readonly<Omit<z.infer<typeof manifest>, "parts" | "segments">> {
  readonly parts: readonly Part[];
  readonly segments: readonly SegmentState[];
}

export const EMPTY_MANIFEST: Manifest = { version: VERSION, generation: 0, parts: [], segments: [] };

export class ManifestError extends Error {}

export function manifestPath(directory: string): string {
  return join(directory, "manifest.json");
}

/** The store's current manifest, or an empty one if there is none. */
export function readManifest(directory: string): Manifest {
  const path = manifestPath(directory);
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return EMPTY_MANIFEST;
    throw error;
  }
  const read = manifest.safeParse(jsonOf(content));
  if (read.success) return read.data;
  throw new ManifestError(
    `${path} is not a manifest of this version; rebuild the store with: lmgate store rebuild --from-nothing`,
  );
}

/**
 * Returns once the manifest is safely on disk. A crash before that leaves the old state. Throws a `ManifestError`, and writes
 * nothing, if the next start could not read it.
 */
export function writeManifest(directory: string, next: Manifest): void {
  const path = manifestPath(directory);
  const checked = manifest.safeParse(next);
  if (!checked.success) {
    throw new ManifestError(`${path} was not written: ${z.prettifyError(checked.error)}`, { cause: checked.error });
  }
  const temporary = `${path}.new`;
  const fd = openSync(temporary, "w", 0o640);
  try {
    writeFileSync(fd, `${JSON.stringify(next)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  syncDirectory(directory);
}

/** A new file survives a power cut only after its directory is synced. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A time in milliseconds as the manifest spells it; `undefined` for SQL's NULL. */
export function isoTimeOf(ms: unknown): string | undefined {
  return typeof ms === "number" ? new Date(ms).toISOString() : undefined;
}

function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
