import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { errorCode } from "../core/errno.ts";

export const LINE_END = 0x0a;

/** Whole lines from the end of a file; nothing of a file that cannot be read. */
export function wholeLinesAtEnd(path: string, maxBytes: number): Buffer {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    const { size } = fstatSync(fd);
    const from = Math.max(0, size - maxBytes);
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
