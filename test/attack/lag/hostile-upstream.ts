/** A provider whose responses are meant to keep their reader busy. The path selects the kind. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";

import { readMessage } from "../../harness/raw-message.ts";

const MEGABYTE = 1_000_000;
const JSON_TYPE = "application/json";
const EVENTS = "text/event-stream";

function response(type: string, body: string | Buffer, ...lines: readonly string[]): Buffer {
  const bytes = Buffer.from(body);
  const head = ["HTTP/1.1 200 OK", `Content-Type: ${type}`, ...lines, `Content-Length: ${bytes.length}`, "", ""];
  return Buffer.concat([Buffer.from(head.join("\r\n")), bytes]);
}

function responses(): Readonly<Record<string, Buffer>> {
  const bomb = Buffer.concat([Buffer.from('{"choices":[{"message":{"content":"'), Buffer.alloc(50 * MEGABYTE, "x")]);
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
  const keys = Array.from({ length: 300_000 }, (_, n) => `"${n * 7919}":{"usage":${n}}`).join(",");
  const depth = 1_000_000;
  return {
    small: response(JSON_TYPE, '{"model":"m","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}'),
    gzip: response(JSON_TYPE, gzipSync(bomb), "Content-Encoding: gzip"),
    brotli: response(JSON_TYPE, brotliCompressSync(bomb, quick), "Content-Encoding: br"),
    zstd: response(JSON_TYPE, zstdCompressSync(bomb), "Content-Encoding: zstd"),
    twice: response(JSON_TYPE, gzipSync(gzipSync(bomb)), "Content-Encoding: gzip, gzip"),
    deep: response(JSON_TYPE, `${'{"usage":'.repeat(depth)}1${"}".repeat(depth)}`),
    keys: response(JSON_TYPE, `{${keys}}`),
    events: response(EVENTS, 'data: {"usage":{}}\n\n'.repeat(250_000)),
    lines: response(EVENTS, "data:\n".repeat(800_000)),
    heads: response(JSON_TYPE, "{}", ...Array.from({ length: 900 }, (_, n) => `X-${n}: ${"v".repeat(50)}`)),
  };
}

export interface HostileUpstream {
  readonly port: number;
  readonly kinds: readonly string[];
  close(): void;
}

export async function startHostileUpstream(): Promise<HostileUpstream> {
  const byPath = responses();
  const server = createServer({ noDelay: true }, (socket) => {
    let received = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      for (let message = readMessage(received); message !== undefined; message = readMessage(received)) {
        received = received.subarray(message.length);
        const kind = /\/([a-z]+) HTTP/.exec(message.startLine)?.[1] ?? "";
        socket.write(byPath[kind] ?? byPath["small"] ?? "");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // as: it listens on a host and port
  return { port, kinds: Object.keys(byPath), close: () => void server.close() };
}
