import { closeSync, fstatSync, openSync } from "node:fs";
import { errorCode } from "../core/errno.ts";
import { LINE_END, readFully } from "./file-bytes.ts";
import { splitLines } from "./read-lines.ts";

/** The whole lines within the last `maxBytes` of a file, oldest first; none if the file cannot be read. */
export function* readTail(path: string, maxBytes: number): Generator<string> {
  for (const line of splitLines(lastBytes(path, maxBytes))) yield line.toString("utf8");
}

function lastBytes(path: string, maxBytes: number): Buffer {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    const { size } = fstatSync(fd);
    const from = Math.max(0, size - maxBytes);
    const block = Buffer.allocUnsafe(size - from);
    const bytes = block.subarray(0, readFully(fd, block, from));
    if (from === 0) return bytes;
    // The first line is cut off at its front.
    const lineEnd = bytes.indexOf(LINE_END);
    return bytes.subarray(lineEnd < 0 ? bytes.length : lineEnd + 1);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return Buffer.alloc(0);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
