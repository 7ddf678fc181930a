import type { RequestRecord } from "../../core/request/request-record.ts";
import { hasSettled, dedupKeyOf } from "../../core/usage/usage-dedup.ts";
import { recordOnLine } from "../../core/request/record-line.ts";
import { errorCode } from "../../core/errno.ts";
import { LINE_END, wholeLinesAtEnd } from "../../jsonl/read-tail.ts";
import { PendingUsage } from "../costs/pending-usage.ts";
import { closedSegments } from "../tools/segments.ts";
import { followLinks, isRegular } from "../writer/target.ts";

/** Of each file; about twenty thousand records, read in a fraction of a second. */
const MAX_TAIL = 16 * 1024 * 1024;

/** What was still pending when the last process ended, from the end of the file and of the one rotated before it. */
export function pendingInTail(outputPath: string): PendingUsage {
  const pending = new PendingUsage();
  const path = followLinks(outputPath);
  if (!isRegular(path)) return pending;
  for (const file of lastFiles(path)) {
    for (const record of tailRecords(file)) {
      const once = dedupKeyOf(record);
      if (once?.kind === "pending") pending.add(once);
      else if (pending.size > 0 && record.response_id !== undefined && hasSettled(record)) {
        pending.settle({ provider: record.provider, id: record.response_id });
      }
    }
  }
  return pending;
}

/** Which of these ids have a record there. */
export function idsInTail(path: string, wanted: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of lastFiles(path)) {
    for (const line of tailLines(file)) {
      // Inside a string the quotes would be escaped, and no member before it has this name.
      const id = /"id":"([^"]*)"/.exec(line)?.[1];
      if (id !== undefined && wanted.has(id)) found.add(id);
    }
  }
  return found;
}

/** The number of the last record of an instance there; 0 if it has none. */
export function lastNumber(path: string, instance: string): number {
  let last = 0;
  const ending = `"instance":${JSON.stringify(instance)},"seq":`;
  for (const file of lastFiles(path)) {
    for (const line of tailLines(file)) {
      const at = line.lastIndexOf(ending);
      if (at >= 0) last = Math.max(last, Number.parseInt(line.slice(at + ending.length), 10));
    }
  }
  return last;
}

function lastFiles(path: string): readonly string[] {
  const segment = newestSegment(path);
  return segment === undefined ? [path] : [segment, path];
}

function newestSegment(path: string): string | undefined {
  try {
    return closedSegments(path).at(-1);
  } catch (error) {
    // At the very first start there is no directory yet.
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The last records that can have to do with pending answers. */
function* tailRecords(path: string): Generator<RequestRecord> {
  for (const line of tailLines(path)) {
    if (!line.includes('"response_id":')) continue;
    const record = recordOnLine(line);
    if (record !== undefined) yield record;
  }
}

function* tailLines(path: string): Generator<string> {
  const bytes = wholeLinesAtEnd(path, MAX_TAIL);
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(LINE_END, start);
    if (end < 0) return;
    yield bytes.toString("utf8", start, end);
    start = end + 1;
  }
}
