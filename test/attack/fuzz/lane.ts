import { connect } from "node:net";

import type { RecordingUpstream } from "../recording-upstream.ts";

/** One provider of the gateway with its upstream, and what a client sends to it and receives. */
export interface Lane {
  readonly name: string;
  readonly upstream: RecordingUpstream;
  readonly authority: string;
  /** Sends that with `HEALTH_REQUEST` after it. */
  exchange(sent: string): Promise<Exchange>;
}

export interface Exchange {
  readonly received: Buffer;
  /** The connection was reset, so the bytes may be incomplete. */
  readonly reset: boolean;
}

/** A connection that is still in step responds to this and closes. */
export const HEALTH_REQUEST = "GET /healthz HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n";
const DEADLINE_MS = 20_000;

/** Sends all bytes and reads to the end of the connection. */
export function exchange(port: number, sent: string): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const chunks: Buffer[] = [];
    const finish = (reset: boolean): void => {
      socket.destroy();
      resolve({ received: Buffer.concat(chunks), reset });
    };
    socket.setTimeout(DEADLINE_MS, () => {
      socket.destroy();
      reject(
        new Error(`the connection stayed open; received ${JSON.stringify(Buffer.concat(chunks).toString("latin1"))}`),
      );
    });
    socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
    socket.on("end", () => finish(false));
    socket.on("error", () => finish(true));
    socket.write(Buffer.from(sent, "latin1"));
  });
}
