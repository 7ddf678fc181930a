import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { LINE_END } from "../../jsonl/file-bytes.ts";
import type { LedgerFile } from "./ledger-file.ts";

const HEAD_BYTES = 64 * 1024;

/**
 * Files with the same first record are either copies of one segment, such as `copytruncate` makes for a moment, of
 * which the longest counts; or different segments with the same beginning, of which all but the first get another id.
 * The first is the first in the given order.
 */
export function distinguish(files: readonly LedgerFile[]): readonly LedgerFile[] {
  const [first, ...others] = files;
  if (first === undefined || others.length === 0) return files;
  const kept: Kept[] = [{ file: first, head: headOf(first.path) }];
  for (const file of others) {
    const head = headOf(file.path);
    const at = kept.findIndex((other) => divergence(other.head, head) === undefined);
    const other = kept[at];
    if (other === undefined) kept.push({ file: { ...file, id: ownId(kept[0]?.head ?? head, head, file.id) }, head });
    else if (file.seen.size > other.file.seen.size || (file.isLive && file.seen.size === other.file.seen.size)) {
      kept[at] = { file: { ...file, id: other.file.id }, head };
    }
  }
  return kept.map(({ file }) => file);
}

interface Kept {
  readonly file: LedgerFile;
  readonly head: Buffer;
}

/** An id that stays the same as the file grows: it covers the file up to the first different line, and no more. */
function ownId(first: Buffer, head: Buffer, id: string): string {
  const line = head.subarray(0, divergence(first, head));
  return `${id}~${createHash("sha256").update(line).digest("hex").slice(0, 16)}`;
}

/**
 * The end of the first line in which the second file differs from the first; `undefined` if one is a beginning of the
 * other.
 */
function divergence(first: Buffer, second: Buffer): number | undefined {
  const length = Math.min(first.length, second.length);
  if (first.subarray(0, length).equals(second.subarray(0, length))) return undefined;
  let at = 0;
  while (first[at] === second[at]) at++;
  const end = second.indexOf(LINE_END, at);
  return end < 0 ? second.length : end;
}

function headOf(path: string): Buffer {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    // The file was removed meanwhile, so nothing differs.
    return Buffer.alloc(0);
  }
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}
