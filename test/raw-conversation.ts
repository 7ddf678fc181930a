/** A client on a bare socket: sends the bytes it is given and records the bytes that come back. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { readAnswer, type RawMessage } from "./raw-message.ts";

export interface RawConversation {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): Buffer;
  /** Resolves as soon as `condition` holds for what was received, or rejects when the connection ends before. */
  until<Found>(condition: (received: Buffer, ended: boolean) => Found | undefined): Promise<Found>;
  close(): void;
}

export async function openConversation(port: number): Promise<RawConversation> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const chunks: Buffer[] = [];
  let ended = false;
  const listeners = new Set<() => void>();
  const changed = (): void => listeners.forEach((listener) => listener());
  socket.on("data", (bytes: Buffer) => {
    chunks.push(bytes);
    changed();
  });
  socket.on("error", () => undefined); // Its `close` follows.
  socket.on("end", () => {
    ended = true;
    changed();
  });
  socket.on("close", () => {
    ended = true;
    changed();
  });
  const received = (): Buffer => Buffer.concat(chunks);
  return {
    socket,
    received,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = condition(received(), ended);
          if (found === undefined && !ended) return;
          listeners.delete(look);
          if (found === undefined) reject(new Error(`ended after: ${received().toString("latin1").slice(0, 500)}`));
          else resolve(found);
        };
        listeners.add(look);
        look();
      }),
    close: () => void socket.destroy(),
  };
}

/** One request on a connection of its own, and its answer. */
export async function converse(port: number, request: Buffer | string, method: string): Promise<RawMessage> {
  const conversation = await openConversation(port);
  conversation.socket.write(request);
  try {
    return await conversation.until((received, ended) => readAnswer(received, method, ended));
  } finally {
    conversation.close();
  }
}
