/** Judges the memory that a reader holds by the bytes it has read, so that the limit depends on no machine. */
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MAX_SHARE = 1 / 8;

/** Yields the pieces of a body, and fails if more than an eighth of its bytes is held when only the last piece is missing. */
export function* littleHeld(body: Iterable<Buffer>): Generator<Buffer> {
  let size = 0;
  let next: Buffer | undefined;
  const before = heldBytes();
  for (const piece of body) {
    if (next !== undefined) yield next;
    next = piece;
    size += piece.length;
  }
  const held = heldBytes() - before;
  assert.ok(held < size * MAX_SHARE, `${held} bytes held of ${size}`);
  if (next !== undefined) yield next;
}

/** Memory in use, inside and outside the heap, after everything unused has been collected. */
export function heldBytes(): number {
  // The second collection waits for the memory that the first one releases in the background.
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void; // as: V8's own function, which has no type
