/** How a test finds out that nobody reads any more. */
import { once } from "node:events";

import type { RawPeer } from "../../harness/raw-client.ts";

export const piece = Buffer.alloc(64 * 1024, "x");

/** Writes until the other side has taken nothing for half a second; gives what was taken altogether. */
export async function writeUntilStuck(peer: RawPeer, bytes: Buffer, most: number): Promise<number> {
  let written = 0;
  while (written < most) {
    written += bytes.length;
    if (peer.socket.write(bytes)) continue;
    // A stall can only be told by waiting for the drain that does not come.
    const drained = await Promise.race([
      once(peer.socket, "drain").then(() => true),
      new Promise<false>((resolve) => void setTimeout(() => resolve(false), 500)),
    ]);
    if (!drained) return written - peer.socket.writableLength;
  }
  return written;
}
