// The upstream for what nginx cannot serve: paced event streams, responses of many megabytes, large uploads. It runs in a
// separate process on raw sockets, so that it uses little CPU time.
//
//   node bench/bench-upstream.ts <port> <TLS port> <certificate> <key>
//
// The request body selects the response: {"user":"bench events=100 every=25 format=google"}, "bench size=5000000",
// "bench after=100", "bench hold".
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { chatCompletion, type StreamFormat, STREAMS } from "./compare/responses.ts";

/** Of a body no more is kept: what it asks for stands first. */
const KEPT_BYTES = 2_048;
const LAST_CHUNK = "0\r\n\r\n";
const STREAM_HEAD =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

function chunk(bytes: string): string {
  return `${Buffer.byteLength(bytes).toString(16)}\r\n${bytes}\r\n`;
}

function formatBytes({ first, event, last }: StreamFormat) {
  return {
    start: Buffer.from(STREAM_HEAD + chunk(first + event)),
    event: Buffer.from(chunk(event)),
    end: Buffer.from(chunk(last) + LAST_CHUNK),
  };
}

const formats = new Map(Object.entries(STREAMS).map(([name, format]) => [name, formatBytes(format)] as const));
const openai = formatBytes(STREAMS.openai);
const large = new Map<number, Buffer>();

interface Stream {
  readonly socket: Socket;
  readonly bytes: typeof openai;
  left: number;
}

/** Streams with the same interval, spread over its milliseconds, so that they do not all send at once. */
class Pace {
  readonly #slots: Set<Stream>[];
  #next = 0;
  #joined = 0;
  #last = performance.now();

  constructor(everyMs: number) {
    this.#slots = Array.from({ length: everyMs }, () => new Set());
    setInterval(() => this.#tick(), 1);
  }

  join(stream: Stream): void {
    const slot = this.#slots[this.#joined++ % this.#slots.length];
    slot?.add(stream);
    stream.socket.once("close", () => slot?.delete(stream));
  }

  #tick(): void {
    const now = performance.now();
    // After a long pause at most one full interval is caught up.
    const due = Math.min(Math.floor(now - this.#last), this.#slots.length);
    if (due === 0) return;
    this.#last = Math.max(this.#last + due, now - 1);
    for (let count = 0; count < due; count++) {
      const slot = this.#slots[this.#next++ % this.#slots.length];
      for (const stream of slot ?? []) this.#sendEvent(stream, slot);
    }
  }

  #sendEvent(stream: Stream, slot: Set<Stream> | undefined): void {
    if (stream.socket.writableNeedDrain) return;
    if (stream.left-- > 0) stream.socket.write(stream.bytes.event);
    else {
      slot?.delete(stream);
      stream.socket.write(stream.bytes.end);
    }
  }
}

const paces = new Map<number, Pace>();

function respond(socket: Socket, body: string): void {
  const directive = /"user": ?"bench ([^"]*)"/.exec(body)?.[1] ?? "";
  const size = /size=(\d+)/.exec(directive)?.[1];
  const events = /events=(\d+)/.exec(directive)?.[1];
  const after = /after=(\d+)/.exec(directive)?.[1];
  const bytes = formats.get(/format=(\w+)/.exec(directive)?.[1] ?? "openai") ?? openai;
  if (size !== undefined) socket.write(largeResponse(Number(size)));
  else if (after !== undefined) setTimeout(() => socket.write(largeResponse(0)), Number(after));
  else if (directive === "hold") socket.write(bytes.start);
  else if (events !== undefined) {
    const everyMs = Number(/every=(\d+)/.exec(directive)?.[1] ?? "0");
    socket.write(bytes.start);
    if (everyMs === 0) socket.write(Buffer.concat([...Array<Buffer>(Number(events)).fill(bytes.event), bytes.end]));
    else paceOf(everyMs).join({ socket, bytes, left: Number(events) - 1 });
  } else socket.write(largeResponse(0));
}

function paceOf(everyMs: number): Pace {
  const known = paces.get(everyMs) ?? new Pace(everyMs);
  paces.set(everyMs, known);
  return known;
}

function largeResponse(size: number): Buffer {
  const known = large.get(size);
  if (known !== undefined) return known;
  const body = chatCompletion(size);
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const bytes = Buffer.from(head + body);
  large.set(size, bytes);
  return bytes;
}

/** Reads requests one after the other. It does not check them: the proxies send only well-formed ones. */
function serve(socket: Socket): void {
  let head = "";
  let body = "";
  let remaining = -1; // bytes of the body; -1 within a head, Infinity for a chunked body
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes: Buffer) => {
    let at = 0;
    if (remaining === -1) {
      head += bytes.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      at = bytes.length - (head.length - end - 4);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1];
      remaining =
        length === undefined ? (/\r\ntransfer-encoding:/i.test(head.slice(0, end)) ? Infinity : 0) : Number(length);
      head = "";
      body = "";
    }
    if (body.length < KEPT_BYTES) body += bytes.toString("latin1", at, at + KEPT_BYTES);
    if (remaining === Infinity) {
      if (!bytes.subarray(-LAST_CHUNK.length).equals(Buffer.from(LAST_CHUNK))) return;
      remaining = 0;
    } else remaining -= bytes.length - at;
    if (remaining > 0) return;
    remaining = -1;
    respond(socket, body);
  });
}

const [port, tlsPort, certificate = "", key = ""] = process.argv.slice(2);
createServer(serve).listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, serve).listen({
  port: Number(tlsPort),
  host: "127.0.0.1",
  backlog: 4096,
});
