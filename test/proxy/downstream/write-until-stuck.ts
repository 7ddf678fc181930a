/** Shows a test that the other side has stopped reading. */
import { once } from "node:events";

import type { RawPeer } from "../../harness/raw-client.ts";

export const piece = Buffer.alloc(64 * 1024, "x");

/** Writes until the other side has read nothing for half a second. Returns the number of bytes written. */
export async function writeUntilStuck(peer: RawPeer, bytes: Buffer, most: number): Promise<number> {
  let written = 0;
  while (written < most) {
    written += bytes.length;
    if (peer.socket.write(bytes)) continue;
    // A stall has no event: it is a drain event that does not come.
    const drained = await Promise.race([
      once(peer.socket, "drain").then(() => true),
      new Promise<false>((resolve) => void setTimeout(() => resolve(false), 500)),
    ]);
    if (!drained) return written - peer.socket.writableLength;
  }
  return written;
}
