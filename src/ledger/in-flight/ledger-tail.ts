import { errorCode } from "../../core/errno.ts";
import { recordOnLine } from "../../core/request/record-line.ts";
import { countsUsage, dedupKeyOf } from "../../core/request/usage-dedup.ts";
import { readTail } from "../../jsonl/read-tail.ts";
import { PendingUsage } from "../costs/pending-usage.ts";
import { storedLedger } from "../files/ledger-path.ts";
import { closedSegments } from "../files/rotation.ts";

// Reads the end of the ledger when a process starts: the stats file, and the segment that was closed before it.

/** From each file: about twenty thousand records, read in a fraction of a second. */
const MAX_TAIL_BYTES = 16 * 1024 * 1024;

/** The responses whose usage was still pending when the last process ended. */
export function pendingInTail(outputPath: string): PendingUsage {
  const pending = new PendingUsage();
  const path = storedLedger(outputPath);
  if (path === undefined) return pending;
  for (const line of tailLines(path)) {
    // Parsing JSON is the slow part; other records have nothing to do with pending usage.
    const record = line.includes('"response_id":') ? recordOnLine(line) : undefined;
    if (record === undefined) continue;
    const key = dedupKeyOf(record);
    if (key?.kind === "pending") pending.add(key);
    else if (pending.size > 0 && record.response_id !== undefined && countsUsage(record)) {
      pending.settle({ provider: record.provider, id: record.response_id });
    }
  }
  return pending;
}

/** Those of the wanted ids that have a record. */
export function idsInTail(path: string, wanted: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const line of tailLines(path)) {
    // Within a string the quotes would be escaped, and no earlier member has this name.
    const id = /"id":"([^"]*)"/.exec(line)?.[1];
    if (id !== undefined && wanted.has(id)) found.add(id);
  }
  return found;
}

/** The sequence number of an instance's last record; 0 if it has none. */
export function lastSeqInTail(path: string, instance: string): number {
  let last = 0;
  const members = `"instance":${JSON.stringify(instance)},"seq":`;
  for (const line of tailLines(path)) {
    const at = line.lastIndexOf(members);
    if (at >= 0) last = Math.max(last, Number.parseInt(line.slice(at + members.length), 10));
  }
  return last;
}

function* tailLines(path: string): Generator<string> {
  const segment = newestSegment(path);
  if (segment !== undefined) yield* readTail(segment, MAX_TAIL_BYTES);
  yield* readTail(path, MAX_TAIL_BYTES);
}

function newestSegment(path: string): string | undefined {
  try {
    return closedSegments(path).at(-1);
  } catch (error) {
    // Before the very first start the directory does not exist.
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
