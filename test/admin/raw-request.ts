import { connect } from "node:net";
import { text } from "node:stream/consumers";

/** Sends exactly these lines and reads to the end, for heads that no client library sends. */
export async function rawRequest(port: number, lines: readonly string[]): Promise<{ status: number; text: string }> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n`);
  const response = await text(socket);
  return { status: Number(response.slice(9, 12)), text: response };
}
