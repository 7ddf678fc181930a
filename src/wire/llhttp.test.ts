// Runs Node.js's own parser over sockets in memory. Contains no tests.
import type { Buffer } from "node:buffer";
import { createServer, request, type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";

export interface LlhttpMessage {
  readonly method: string | undefined;
  readonly target: string | undefined;
  readonly status: number | undefined;
  readonly version: string;
  /** Names and values in turn, as they were sent. */
  readonly fields: readonly string[];
  body: string;
  trailers: readonly string[];
  complete: boolean;
  keepAlive: boolean;
}

export interface LlhttpResult {
  readonly messages: readonly LlhttpMessage[];
  /** The error that the parser reported. */
  readonly error: string | undefined;
}

/** llhttp reads `Content-Length` and `Transfer-Encoding` in a trailer section as if they were in the head. */
export function failedOnTrailers({ messages, error }: LlhttpResult): boolean {
  const chunked = messages.at(-1)?.fields.some((text) => /^transfer-encoding$/i.test(text)) ?? false;
  return chunked && (error === "HPE_INVALID_CONTENT_LENGTH" || error === "HPE_INVALID_TRANSFER_ENCODING");
}

/** Returns how llhttp reads the bytes of one client. */
export async function llhttpRequests(bytes: Buffer): Promise<LlhttpResult> {
  const messages: LlhttpMessage[] = [];
  // An upgrade is a request like any other until the server accepts it.
  const server = createServer({ maxHeaderSize: 1 << 20, shouldUpgradeCallback: () => false });
  server.maxHeadersCount = 0;
  const socket = memorySocket();
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    messages.push(toLlhttpMessage(message, response.shouldKeepAlive));
    message.on("close", () => response.end());
  };
  const close = (message: IncomingMessage): void => {
    messages.push({ ...toLlhttpMessage(message, false), complete: true });
    resolve(undefined);
  };
  server.on("request", onRequest).on("checkContinue", onRequest).on("checkExpectation", onRequest);
  server.on("connect", close);
  server.on("clientError", (error: Error & { code?: string }) => resolve(error.code ?? error.message));
  socket.on("close", () => resolve(undefined));
  server.emit("connection", socket);
  socket.push(bytes);
  socket.push(null);
  const error = await promise;
  // Errors are emitted at once, but data that was read before them only in the next turn.
  await nextTurn();
  socket.destroy();
  return { messages, error };
}

/** Returns how llhttp reads one server's response to one request, without interim responses. */
export async function llhttpResponse(bytes: Buffer, method: string): Promise<LlhttpResult> {
  const messages: LlhttpMessage[] = [];
  const socket = memorySocket();
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const sent: ClientRequest = request({
    createConnection: () => socket,
    method,
    maxHeaderSize: 1 << 20,
    host: "a",
    headers: { connection: "keep-alive" },
  });
  sent.maxHeadersCount = 0;
  sent.on("response", (message) => {
    messages.push(toLlhttpMessage(message, sent.shouldKeepAlive));
    message.on("close", () => resolve(undefined));
    message.on("error", (error: Error & { code?: string }) => resolve(error.code ?? error.message));
  });
  sent.on("upgrade", (message) => {
    messages.push({ ...toLlhttpMessage(message, false), complete: true });
    resolve(undefined);
  });
  sent.on("error", (error: Error & { code?: string }) => resolve(error.code ?? error.message));
  sent.on("close", () => resolve(undefined));
  sent.end();
  socket.push(bytes);
  socket.push(null);
  const error = await promise;
  await nextTurn();
  sent.destroy();
  socket.destroy();
  return { messages, error };
}

function memorySocket(): Duplex {
  return new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
  });
}

function toLlhttpMessage(message: IncomingMessage, keepAlive: boolean): LlhttpMessage {
  const theirMessage: LlhttpMessage = {
    method: message.method ?? undefined,
    target: message.url,
    status: message.statusCode ?? undefined,
    version: message.httpVersion,
    fields: message.rawHeaders,
    body: "",
    trailers: [],
    complete: false,
    keepAlive,
  };
  message.setEncoding("latin1");
  message.on("data", (text: string) => (theirMessage.body += text));
  message.on("end", () => {
    theirMessage.complete = message.complete;
    theirMessage.trailers = message.rawTrailers;
  });
  message.on("error", () => undefined);
  return theirMessage;
}
