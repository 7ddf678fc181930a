import { readSync } from "node:fs";
import { LINE_END } from "./read-tail.ts";

const BLOCK = 1024 * 1024;

/** A file in pieces that end with a line's end, the last one wherever the file ends. `onRead` hears how much was read. */
export function* wholeLines(fd: number, onRead: (bytes: number) => void): Generator<Buffer> {
  let rest = Buffer.alloc(0);
  for (;;) {
    const block = Buffer.allocUnsafe(BLOCK);
    const count = readSync(fd, block, 0, BLOCK, null);
    if (count === 0) break;
    onRead(count);
    const bytes = rest.length === 0 ? block.subarray(0, count) : Buffer.concat([rest, block.subarray(0, count)]);
    const end = bytes.lastIndexOf(LINE_END) + 1;
    if (end > 0) yield bytes.subarray(0, end);
    rest = bytes.subarray(end);
  }
  if (rest.length > 0) yield rest;
}
