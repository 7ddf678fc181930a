import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import zlib from "node:zlib";

/** RFC 6455 section 1.3. */
const ACCEPT_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const ACCEPTED_EXTENSION = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

const BINARY = 0x2;
const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  readonly compressed: boolean;
  readonly payload: Buffer;
  /** Bytes of the whole frame. */
  readonly length: number;
}

/** The server's end of a WebSocket (RFC 6455), with compression if the client offers it (RFC 7692). */
export class WebSocketPeer {
  onMessage: (text: string) => void = () => {};
  onClose: () => void = () => {};
  readonly #socket: Duplex;
  readonly #deflates: boolean;
  #pending = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #compressed = false;
  #closing = false;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    const key = request.headers["sec-websocket-key"] ?? "";
    const offers = request.headers["sec-websocket-extensions"] ?? "";
    this.#socket = socket;
    this.#deflates = /permessage-deflate/.test(Array.isArray(offers) ? offers.join() : offers);
    const [protocol] = (request.headers["sec-websocket-protocol"] ?? "").split(",");
    socket.write(
      [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${createHash("sha1")
          .update(key + ACCEPT_KEY)
          .digest("base64")}`,
        ...(protocol ? [`Sec-WebSocket-Protocol: ${protocol.trim()}`] : []),
        ...(this.#deflates ? [`Sec-WebSocket-Extensions: ${ACCEPTED_EXTENSION}`] : []),
        "",
        "",
      ].join("\r\n"),
    );
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on("error", () => undefined); // A client may leave at any time; `close` follows.
    socket.on("end", () => socket.end());
    socket.on("close", () => this.onClose());
    if (head.length > 0) this.#read(head);
  }

  send(text: string, binary = false): void {
    const opcode = binary ? BINARY : TEXT;
    if (!this.#deflates) return this.#write(opcode, Buffer.from(text));
    const deflated = zlib.deflateRawSync(text, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
    // The sender removes the empty block at the end (RFC 7692 section 7.2.1).
    this.#write(opcode | 0x40, deflated.subarray(0, deflated.length - 4));
  }

  close(code: number): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#close(payload);
  }

  /** Closes the connection without a close frame. */
  destroy(): void {
    this.#socket.destroy();
  }

  #close(payload: Buffer): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#write(CLOSE, payload);
    this.#socket.end();
  }

  #write(first: number, payload: Buffer): void {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
    head[0] = 0x80 | first;
    if (head.length === 2) head[1] = payload.length;
    else if (head.length === 4) {
      head[1] = 126;
      head.writeUInt16BE(payload.length, 2);
    } else {
      head[1] = 127;
      head.writeBigUInt64BE(BigInt(payload.length), 2);
    }
    this.#socket.write(Buffer.concat([head, payload]));
  }

  #read(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const frame = readFrame(this.#pending);
      if (frame === undefined) return;
      this.#pending = this.#pending.subarray(frame.length);
      this.#receive(frame);
    }
  }

  #receive({ opcode, final, compressed, payload }: Frame): void {
    if (opcode === CLOSE) return this.#close(payload);
    if (opcode === PING) return this.#write(PONG, payload);
    if (opcode === PONG) return;
    if (opcode === TEXT || opcode === BINARY) {
      this.#pieces = [];
      this.#compressed = compressed;
    }
    this.#pieces.push(payload);
    if (!final) return;
    const whole = Buffer.concat(this.#pieces);
    this.onMessage((this.#compressed ? inflated(whole) : whole).toString("utf8"));
  }
}

function inflated(message: Buffer): Buffer {
  const whole = Buffer.concat([message, Buffer.of(0, 0, 0xff, 0xff)]);
  return zlib.inflateRawSync(whole, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}

/** Reads the masked frame at the beginning of the bytes; `undefined` if it is incomplete. */
function readFrame(bytes: Buffer): Frame | undefined {
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const maskAt = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < maskAt + 4) return undefined;
  const size = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const length = maskAt + 4 + size;
  if (bytes.length < length) return undefined;
  const mask = bytes.subarray(maskAt, maskAt + 4);
  const payload = Buffer.from(bytes.subarray(maskAt + 4, length)).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return {
    opcode: first & 0x0f,
    final: (first & 0x80) !== 0,
    compressed: (first & 0x40) !== 0,
    payload: Buffer.from(payload),
    length,
  };
}
