import { LINE_END, readFully } from "./file-bytes.ts";

/** Read backwards in blocks of this size: most records fit in one. */
const BLOCK_BYTES = 64 * 1024;

/** No record is nearly as long. A file without a line end this far back is not a ledger, and is not read further. */
export const MAX_TORN_BYTES = 16 * 1024 * 1024;

/** How many bytes follow the last line end of a file, at most `MAX_TORN_BYTES`: the line that a crash left unfinished. */
export function tornBytes(fd: number, size: number): number {
  const block = Buffer.alloc(BLOCK_BYTES);
  let end = size;
  while (end > 0 && size - end < MAX_TORN_BYTES) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const length = readFully(fd, block.subarray(0, end - start), start);
    const lineEnd = block.subarray(0, length).lastIndexOf(LINE_END);
    if (lineEnd >= 0) return size - (start + lineEnd + 1);
    end = start;
  }
  return size - end;
}
