/**
 * A lenient upstream: it accepts bare line feeds, any spelling of `chunked` and several requests in one read, and records
 * the bytes of each. A request that is smuggled past the gateway would appear here.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

import { readMessage, type RawMessage } from "../harness/raw-message.ts";

export interface RecordedRequest extends RawMessage {
  /** The bytes of the whole request. */
  readonly text: string;
  readonly method: string;
  readonly target: string;
}

export type Responder = (socket: Socket, request: RecordedRequest) => void;

export interface RecordingUpstream {
  readonly port: number;
  readonly requests: RecordedRequest[];
  /** All connections and bytes, including incomplete requests. */
  readonly seen: { connections: number; bytes: number; requests: number };
  /** Resolves once that many bytes have arrived in total. */
  gotBytes(count: number): Promise<void>;
  respond: Responder;
  close(): Promise<void>;
}

const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };

/** A small complete response with usage. */
export function jsonResponse(body: object = { model: "m-1", usage }, status = "200 OK"): string {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

export async function startRecordingUpstream(host = "127.0.0.1"): Promise<RecordingUpstream> {
  const sockets = new Set<Socket>();
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const wake = (): void => {
    for (const { count, resolve } of waiting) if (upstream.seen.bytes >= count) resolve();
    waiting = waiting.filter(({ count }) => upstream.seen.bytes < count);
  };
  const upstream = {
    port: 0,
    requests: [] as RecordedRequest[],
    seen: { connections: 0, bytes: 0, requests: 0 },
    gotBytes: (count: number) =>
      new Promise<void>((resolve) => {
        waiting.push({ count, resolve });
        wake();
      }),
    respond: (socket: Socket): void => void socket.write(jsonResponse()),
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
  const server = createServer((socket) => {
    upstream.seen.connections++;
    sockets.add(socket);
    let pending: Buffer = Buffer.alloc(0);
    socket.on("error", () => undefined); // a client may leave at any time
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      upstream.seen.bytes += bytes.length;
      wake();
      pending = Buffer.concat([pending, bytes]);
      for (;;) {
        const request = readLeniently(pending);
        if (request === undefined) return;
        pending = pending.subarray(request.length);
        upstream.requests.push(request);
        upstream.seen.requests++;
        (upstream as RecordingUpstream).respond(socket, request); // as: a test may have set a responder that reads the request
      }
    });
  });
  server.listen(0, host);
  await once(server, "listening");
  upstream.port = (server.address() as AddressInfo).port; // as: a TCP server that listens has one
  return upstream;
}

/** Accepts bare line feeds as line ends and skips empty lines at the start, as the most lenient servers do. */
function readLeniently(bytes: Buffer): RecordedRequest | undefined {
  const text = bytes.toString("latin1");
  const headEnd = /\r?\n\r?\n/.exec(text.replace(/^(\r?\n)+/, (blank) => "x".repeat(blank.length)));
  if (headEnd === null) return undefined;
  const isStrict = headEnd[0] === "\r\n\r\n" && !/^\s/.test(text);
  const message = isStrict ? readMessage(bytes) : withCorrectLineEnds(bytes, headEnd.index + headEnd[0].length);
  if (message === undefined) return undefined;
  const [method = "", target = ""] = message.startLine.split(" ");
  return { ...message, method, target, text: text.slice(0, message.length) };
}

/** Corrects the line ends of the head, because such a request must be noticed at all. */
function withCorrectLineEnds(bytes: Buffer, headLength: number): RawMessage | undefined {
  const head = bytes.toString("latin1", 0, headLength).trimStart().replace(/\r?\n/g, "\r\n");
  const message = readMessage(Buffer.concat([Buffer.from(head, "latin1"), bytes.subarray(headLength)]));
  return message && { ...message, length: message.length - head.length + headLength };
}
