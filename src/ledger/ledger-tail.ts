import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { CallRecord } from "../core/call-record.ts";
import { hasSettled, onceOf } from "../core/once.ts";
import { recordOnLine } from "../core/record-line.ts";
import { errorCode } from "./errno.ts";
import { PendingAnswers } from "./pending-answers.ts";
import { closedSegments } from "./segments.ts";
import { followLinks, isRegular } from "./target.ts";

/** Of each file; about twenty thousand records, read in a fraction of a second. */
const MAX_TAIL = 16 * 1024 * 1024;
const LINE_END = 0x0a;

/** What was still pending when the last process ended, from the end of the file and of the one rotated before it. */
export function pendingInTail(outputPath: string): PendingAnswers {
  const pending = new PendingAnswers();
  const path = followLinks(outputPath);
  if (!isRegular(path)) return pending;
  for (const file of [newestSegment(path), path]) {
    for (const record of file === undefined ? [] : tailRecords(file)) {
      const once = onceOf(record);
      if (once?.kind === "pending") pending.add(once);
      else if (pending.size > 0 && record.response_id !== undefined && hasSettled(record)) {
        pending.settle({ provider: record.provider, id: record.response_id });
      }
    }
  }
  return pending;
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
function* tailRecords(path: string): Generator<CallRecord> {
  const bytes = tailOf(path);
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(LINE_END, start);
    if (end < 0) return;
    const line = bytes.toString("utf8", start, end);
    start = end + 1;
    if (!line.includes('"response_id":')) continue;
    const record = recordOnLine(line);
    if (record !== undefined) yield record;
  }
}

/** Whole lines from the end of a file; nothing of a file that cannot be read. */
function tailOf(path: string): Buffer {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    const { size } = fstatSync(fd);
    const from = Math.max(0, size - MAX_TAIL);
    const bytes = Buffer.allocUnsafe(size - from);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(fd, bytes, length, bytes.length - length, from + length);
      if (count === 0) break;
      length += count;
    }
    const start = from === 0 ? 0 : bytes.indexOf(LINE_END) + 1;
    return bytes.subarray(start, length);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return Buffer.alloc(0);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
