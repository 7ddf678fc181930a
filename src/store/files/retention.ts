import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LedgerFile } from "../ingest/ledger-file.ts";
import type { Manifest } from "../parquet/manifest.ts";
import type { SegmentTrack } from "../ingest/segment-track.ts";
import type { Store } from "./store.ts";

// Retention deletes whole closed segments, the oldest first: the file, and its rows in the store. The segment that is
// being written stays, whatever its age and size. Nothing is deleted without a configured limit, and every deletion is
// logged.

export interface Retention {
  readonly days: number | undefined;
  readonly bytes: number | undefined;
}

export interface PrunedSegment {
  readonly id: string;
  readonly name: string;
  /** `undefined` if the file no longer exists and only the store has the records. */
  readonly path: string | undefined;
  readonly records: number;
  /** The size of the file and of its share of the store. */
  readonly bytes: number;
  /** The time of its last record, in RFC 3339. */
  readonly lastTs: string | null;
  readonly because: "age" | "size";
}

const DAY_MS = 86_400_000;

/** The segments that retention would delete now. */
export function segmentsToPrune(store: Store, retention: Retention, now: number): readonly PrunedSegment[] {
  const files = new Map(store.files.map((file) => [file.id, file]));
  const closed = store.segments
    .map((track) => candidate(track, files.get(track.id), store.manifest))
    .filter((one) => one !== undefined)
    .toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
  const cutoff = retention.days === undefined ? "" : new Date(now - retention.days * DAY_MS).toISOString();
  const ledgerBytes = store.files.reduce((sum, { seen }) => sum + seen.size, 0);
  let remainingBytes = store.manifest.parts.reduce((sum, { bytes }) => sum + bytes, ledgerBytes);
  const segments: PrunedSegment[] = [];
  for (const one of closed) {
    const isOld = one.lastTs !== null && one.lastTs < cutoff;
    const isOverSize = retention.bytes !== undefined && remainingBytes > retention.bytes;
    if (!isOld && !isOverSize) continue;
    segments.push({ ...one, because: isOld ? "age" : "size" });
    remainingBytes -= one.bytes;
  }
  return segments;
}

/**
 * Deletes these segments. The files are deleted first: if this stops half-way, the remaining rows of a segment are
 * only in the store, and are deleted the next time.
 */
export async function prune(store: Store, retention: Retention, now: () => number): Promise<readonly PrunedSegment[]> {
  let segments: readonly PrunedSegment[] = [];
  await store.forget(() => {
    segments = segmentsToPrune(store, retention, now());
    for (const one of segments) {
      appendEvent(store.directory, { time: new Date(now()).toISOString(), event: "segment_pruned", ...one });
      if (one.path !== undefined) rmSync(one.path, { force: true });
    }
    return new Set(segments.map(({ id }) => id));
  });
  return segments;
}

type Candidate = Omit<PrunedSegment, "because">;

/** `undefined` for the segment that is being written, and for one that has not been read completely. */
function candidate(track: SegmentTrack, file: LedgerFile | undefined, manifest: Manifest): Candidate | undefined {
  if (file !== undefined && (file.isLive || file.seen.size > track.bytes)) return undefined;
  const { id, name, records, lastTs } = track.stateToWrite();
  return {
    id,
    name,
    path: file?.path,
    records,
    bytes: (file?.seen.size ?? 0) + shareOf(id, records, manifest),
    lastTs: lastTs ?? (file === undefined ? null : new Date(file.seen.mtimeMs).toISOString()),
  };
}

/** This segment's approximate share of the store's size. */
function shareOf(id: string, records: number, { parts }: Manifest): number {
  const its = parts.filter(({ segments }) => segments.includes(id));
  const all = its.reduce((sum, part) => sum + part.records, 0);
  const bytes = its.reduce((sum, part) => sum + part.bytes, 0);
  return all === 0 ? 0 : Math.round((bytes * Math.min(records, all)) / all);
}

function timeOf({ lastTs, name }: Candidate): string {
  return lastTs ?? name;
}

/** Deletions are also recorded in the ledger's events. */
function appendEvent(directory: string, event: object): void {
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  appendFileSync(join(directory, "events.jsonl"), `${JSON.stringify(event)}\n`, { mode: 0o640 });
}
