import { readSync, writeSync } from "node:fs";

export const LINE_END = 0x0a;

/** Reads until the buffer is full or the file ends, since a single read may return less; returns the bytes read. */
export function readFully(fd: number, into: Buffer, position: number): number {
  let length = 0;
  while (length < into.length) {
    const count = readSync(fd, into, length, into.length - length, position + length);
    if (count === 0) break;
    length += count;
  }
  return length;
}

/** Writes the whole buffer at the file's current position, since a single write may accept less. */
export function writeFully(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
