/** Shows a test that the other side has stopped reading. */
import { type RawPeer, requestOnce } from "../../harness/raw-client.ts";
import type { ProxyFixture } from "../fixture.ts";

export const piece = Buffer.alloc(64 * 1024, "x");

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n";
/** A worker that has served this many other requests in the meantime has had every chance to read. */
const OTHER_REQUESTS = 20;

/** Writes until the gateway reads no more although it serves other requests. Returns the number of bytes it has read. */
export async function writeUntilStuck(
  fixture: ProxyFixture,
  peer: RawPeer,
  bytes: Buffer,
  most: number,
): Promise<number> {
  const { socket } = peer;
  let written = 0;
  while (written < most && !socket.destroyed) {
    written += bytes.length;
    if (socket.write(bytes)) continue;
    for (let served = 0; served < OTHER_REQUESTS && socket.writableNeedDrain && !socket.destroyed; served++) {
      await requestOnce(fixture.gateway.port, HEALTH, "GET");
    }
    if (socket.writableNeedDrain) return written - socket.writableLength;
  }
  return written;
}

/** Writes until the connection is closed, however little of it is read. */
export async function writeUntilClosed(peer: RawPeer, bytes: Buffer): Promise<void> {
  const { socket } = peer;
  const closed = new Promise((resolve) => socket.once("close", resolve));
  while (!socket.destroyed) {
    if (!socket.write(bytes)) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
  }
}
