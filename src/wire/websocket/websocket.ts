import { Buffer } from "node:buffer";

/**
 * Reads the frames of one direction of a WebSocket (RFC 6455 §5), at any split of the bytes. It keeps no payload: it
 * outputs the pieces as they arrive, whatever the length of the message. The bytes themselves are forwarded unchanged.
 */
export class WebSocketReader {
  /** The rule that a frame broke. Nothing is read after a fault or after a close frame. */
  fault: string | undefined;
  readonly #sink: WebSocketSink;
  readonly #masked: boolean;
  readonly #compressible: boolean;
  #over = false;
  readonly #header = new Uint8Array(MAX_HEADER);
  #headerLength = 0;
  /** How much payload of the current frame is missing, and how much has arrived. */
  #left = 0;
  #seen = 0;
  #inPayload = false;
  #opcode = 0;
  #final = false;
  #maskAt = 0;
  /** A message whose last frame has not arrived, and whether its payload is wanted. */
  #inMessage = false;
  #wanted = false;
  #control: Buffer | undefined;

  /** Clients mask their frames and servers do not. Compressed messages are valid only if they were negotiated. */
  constructor(sender: "client" | "server", compressible: boolean, sink: WebSocketSink) {
    this.#masked = sender === "client";
    this.#compressible = compressible;
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#over) {
      at = this.#inPayload ? this.#payload(bytes, at) : this.#headerByte(bytes, at);
    }
  }

  #headerByte(bytes: Buffer, at: number): number {
    this.#header[this.#headerLength++] = bytes[at] ?? 0;
    if (this.#headerLength >= 2 && this.#headerLength === this.#headerSize()) this.#beginFrame();
    return at + 1;
  }

  #headerSize(): number {
    const short = (this.#header[1] ?? 0) & 0x7f;
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (this.#masked ? 4 : 0);
  }

  #beginFrame(): void {
    const first = this.#header[0] ?? 0;
    const length = this.#length();
    const fault = this.#faultIn(first, length);
    if (fault !== undefined) return this.#stop(fault);

    this.#maskAt = this.#headerLength - 4;
    this.#headerLength = 0;
    this.#left = length;
    this.#seen = 0;
    this.#opcode = first & 0x0f;
    this.#final = (first & FIN) !== 0;
    this.#inPayload = true;
    if (this.#opcode === TEXT || this.#opcode === BINARY) {
      this.#inMessage = true;
      this.#wanted = this.#sink.begin(this.#opcode === TEXT ? "text" : "binary", (first & RSV1) !== 0);
    } else if (this.#opcode === CLOSE) {
      this.#control = Buffer.allocUnsafe(length);
    }
    if (length === 0) this.#endFrame(EMPTY, 0, 0);
  }

  /** Accepts lengths in more bytes than needed: most endpoints do, and the meaning is clear. */
  #length(): number {
    const short = (this.#header[1] ?? 0) & 0x7f;
    if (short < 126) return short;
    let length = 0;
    for (let at = 2; at < (short === 126 ? 4 : 10); at++) length = length * 256 + (this.#header[at] ?? 0);
    return length;
  }

  #faultIn(first: number, length: number): string | undefined {
    const opcode = first & 0x0f;
    const isControl = (opcode & 0x08) !== 0;
    if ((((this.#header[1] ?? 0) & MASK) !== 0) !== this.#masked) return "the wrong side masks";
    if ((first & RSV2_RSV3) !== 0) return "a reserved bit is set";
    // RFC 7692 §6: the bit is set on the first frame of a message only, and never on a control frame.
    if ((first & RSV1) !== 0 && (!this.#compressible || isControl || opcode === CONTINUATION)) return "RSV1 is set";
    if (length > Number.MAX_SAFE_INTEGER) return "a length out of range";
    if (isControl) {
      if (opcode > PONG) return "an unknown opcode";
      if ((first & FIN) === 0 || length > MAX_CONTROL) return "a control frame in pieces, or too long";
      return opcode === CLOSE && length === 1 ? "half a close code" : undefined;
    }
    if (opcode > BINARY) return "an unknown opcode";
    return (opcode === CONTINUATION) === this.#inMessage ? undefined : "a message begins or goes on at the wrong place";
  }

  #payload(bytes: Buffer, from: number): number {
    const to = Math.min(bytes.length, from + this.#left);
    this.#left -= to - from;
    if (this.#left === 0) this.#endFrame(bytes, from, to);
    else this.#piece(bytes, from, to, false);
    this.#seen += to - from;
    return to;
  }

  #endFrame(bytes: Buffer, from: number, to: number): void {
    this.#inPayload = false;
    const isData = this.#opcode <= BINARY;
    this.#piece(bytes, from, to, isData && this.#final);
    if (this.#opcode === CLOSE) this.#close();
    if (isData && this.#final) this.#inMessage = false;
  }

  #piece(bytes: Buffer, from: number, to: number, last: boolean): void {
    if (this.#opcode === CLOSE && this.#control !== undefined) {
      this.#unmasked(bytes, from, to, this.#seen).copy(this.#control, this.#seen);
    } else if (this.#opcode <= BINARY && this.#wanted) {
      this.#output(bytes, from, to, last);
    }
  }

  #output(bytes: Buffer, from: number, to: number, last: boolean): void {
    if (!this.#masked) {
      if (last || to > from) this.#sink.payload(bytes, from, to, last);
      return;
    }
    let at = from;
    do {
      const end = Math.min(to, at + MAX_UNMASKED);
      const plain = this.#unmasked(bytes, at, end, this.#seen + at - from);
      if (end > at || last) this.#sink.payload(plain, 0, plain.length, last && end === to);
      at = end;
    } while (at < to && !this.#over);
  }

  /** Unmasks into a new buffer, because the original bytes are being forwarded. */
  #unmasked(bytes: Buffer, from: number, to: number, offset: number): Buffer {
    if (!this.#masked) return bytes.subarray(from, to);
    const plain = Buffer.allocUnsafe(to - from);
    const mask = this.#header;
    const start = this.#maskAt;
    for (let at = 0; at < plain.length; at++) {
      plain[at] = (bytes[from + at] ?? 0) ^ (mask[start + ((offset + at) & 3)] ?? 0);
    }
    return plain;
  }

  #close(): void {
    const payload = this.#control ?? EMPTY;
    this.#control = undefined;
    this.#over = true;
    const code = payload.length < 2 ? undefined : payload.readUInt16BE(0);
    this.#sink.closed(code, payload.toString("utf8", 2));
  }

  #stop(fault: string): void {
    this.fault = fault;
    this.#over = true;
  }
}

/** Receives the messages of one direction. */
export interface WebSocketSink {
  /** Called at the start of a message. `false` skips its payload. */
  begin(kind: "text" | "binary", compressed: boolean): boolean;
  /** An unmasked piece of the payload, which must not be kept or changed. `last` completes the message. */
  payload(bytes: Buffer, from: number, to: number, last: boolean): void;
  /** Called for the sender's close frame, which may have no code. */
  closed(code: number | undefined, reason: string): void;
}

const FIN = 0x80;
const RSV1 = 0x40;
const RSV2_RSV3 = 0x30;
const MASK = 0x80;
const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PONG = 0xa;
const MAX_HEADER = 14;
const MAX_CONTROL = 125;
/** Long frames are unmasked in parts of this size, so that they need no buffer of their whole length. */
const MAX_UNMASKED = 16 * 1024;
const EMPTY = Buffer.alloc(0);
