/** A client on a bare socket that sends bytes and then finds out whether the connection can still be used. */
import { connect } from "node:net";

import { HANG_MS } from "../harness/until.ts";
import { readResponse, statusOf, type RawMessage } from "../harness/raw-message.ts";

export interface RawResponse extends RawMessage {
  readonly status: number;
  readonly text: string;
}

export interface Transcript {
  /** Including interim responses. */
  readonly responses: readonly RawResponse[];
  /** The statuses of `responses`, for short tables. */
  readonly statuses: readonly number[];
  /** True if the connection could be used for another request afterwards. */
  readonly open: boolean;
}

/** A connection that is still in step responds to this and closes. */
export const HEALTH_REQUEST = "GET /healthz HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n";

/**
 * Sends `bytes` in one write, followed by a request to `/healthz`, and reads to the end. A connection that is still in step
 * responds to that request with "ok" and closes; otherwise the gateway has closed it before. Neither needs a timeout.
 */
export async function sendRaw(
  port: number,
  sent: string | Buffer,
  methods: readonly string[] = [],
): Promise<Transcript> {
  const text = typeof sent === "string" ? sent : sent.toString("latin1");
  const { received } = await exchange(port, text + HEALTH_REQUEST);
  const responses = readResponses(received, methods);
  const last = responses.at(-1);
  const open = last !== undefined && last.status === 200 && last.body.toString() === "ok";
  const kept = open ? responses.slice(0, -1) : responses;
  return { responses: kept, statuses: kept.map(({ status }) => status), open };
}

export interface Exchange {
  readonly received: Buffer;
  /** The connection was reset, so the bytes may be incomplete. */
  readonly reset: boolean;
}

/** Sends latin1 text in one write and reads to the end of the connection. */
export function exchange(port: number, text: string): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const chunks: Buffer[] = [];
    const finish = (reset: boolean): void => {
      socket.destroy();
      resolve({ received: Buffer.concat(chunks), reset });
    };
    socket.setTimeout(HANG_MS, () => {
      socket.destroy();
      const what = `sent ${text.slice(0, 300)}, received ${Buffer.concat(chunks).toString("latin1", 0, 300)}`;
      reject(new Error(`the connection stayed open: ${what}`));
    });
    socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
    socket.on("end", () => finish(false));
    socket.on("error", () => finish(true)); // a reset after a rejection is an end as well
    socket.write(Buffer.from(text, "latin1"));
  });
}

/** Gets a page of the admin listener, and returns the whole response as latin1 text. */
export async function getAdmin(port: number, target: string, lines = "Host: localhost\r\n"): Promise<string> {
  const { received } = await exchange(port, `GET ${target} HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`);
  return received.toString("latin1");
}

function readResponses(received: Buffer, methods: readonly string[]): readonly RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = received;
  let finals = 0;
  while (rest.length > 0) {
    const message = readResponse(rest, methods[finals] ?? "GET", true);
    if (message === undefined) throw new Error(`not a whole response: ${rest.toString("latin1", 0, 300)}`);
    const status = statusOf(message);
    if (status >= 200) finals++;
    responses.push({ ...message, status, text: message.body.toString("utf8") });
    rest = rest.subarray(message.length);
  }
  return responses;
}
