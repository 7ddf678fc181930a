import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

const BLOCK = 64 * 1024;
const LINE_END = 0x0a;

/** No record is nearly as long; a file without line ends that far back is none of ours, and is not read through. */
export const MAX_TORN_BYTES = 16 * 1024 * 1024;

/** How many bytes follow the last line end, at most `MAX_TORN_BYTES`; reads only the end of the file. */
export function tornBytes(fd: number, size: number): number {
  const block = Buffer.alloc(BLOCK);
  let end = size;
  while (end > 0 && size - end < MAX_TORN_BYTES) {
    const start = Math.max(0, end - BLOCK);
    const length = readFully(fd, block.subarray(0, end - start), start);
    const lineEnd = block.subarray(0, length).lastIndexOf(LINE_END);
    if (lineEnd >= 0) return size - (start + lineEnd + 1);
    end = start;
  }
  return size - end;
}

/** Copies a file's end to another file, as a line of its own, and makes sure it is there. */
export function saveTail(
  fd: number,
  from: { readonly start: number; readonly bytes: number },
  to: { readonly path: string; readonly mode: number },
): void {
  const tail = Buffer.alloc(from.bytes);
  const length = readFully(fd, tail, from.start);
  const copy = openSync(to.path, "a", to.mode);
  try {
    writeFully(copy, tail.subarray(0, length));
    writeFully(copy, Buffer.from("\n"));
    fsyncSync(copy);
  } finally {
    closeSync(copy);
  }
}

function readFully(fd: number, into: Buffer, position: number): number {
  let length = 0;
  while (length < into.length) {
    const count = readSync(fd, into, length, into.length - length, position + length);
    if (count === 0) break;
    length += count;
  }
  return length;
}

function writeFully(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
