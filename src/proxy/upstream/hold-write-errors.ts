import type { Socket } from "node:net";
import { errorCode } from "../../core/errno.ts";

type WriteCallback = (error?: Error | null) => void;

/**
 * Calls `failed`, instead of destroying the socket, when a write finds that the other side has closed or reset the
 * connection. What the other side sent before, such as a 413 in the middle of an upload, still lies in the socket; Node.js
 * would discard it together with the socket. After `failed` the socket is read to its end, and accepts no more bytes.
 *
 * `_write` and `_writev` are the methods that every writable stream implements for Node.js. As long as their callback is not
 * called, the stream takes the write as running.
 */
export function holdWriteErrors(socket: Socket, failed: (error: Error) => void): void {
  let known: WriteCallback | undefined;
  let holding: WriteCallback = () => undefined;
  // A stream passes the same callback with every write, so one closure is enough for all of them.
  const held = (callback: WriteCallback): WriteCallback => {
    if (callback !== known) {
      known = callback;
      holding = (error) => {
        if (error instanceof Error && isClosedByPeer(error)) failed(error);
        else callback(error);
      };
    }
    return holding;
  };
  const write = socket._write.bind(socket);
  socket._write = (chunk, encoding, callback) => write(chunk, encoding, held(callback));
  const writeMany = socket._writev?.bind(socket);
  if (writeMany !== undefined) socket._writev = (chunks, callback) => writeMany(chunks, held(callback));
}

function isClosedByPeer(error: Error): boolean {
  const code = errorCode(error);
  return code === "ECONNRESET" || code === "EPIPE";
}
