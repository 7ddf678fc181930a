import { Buffer } from "node:buffer";

/**
 * The frames of one direction of a WebSocket (RFC 6455 section 5), read from a copy while the bytes themselves pass on. It
 * holds no payload: pieces are handed out as they come, at any split, whatever the length of the message.
 */
export class WebSocketReader {
  /** The rule that a frame broke; nothing is read behind it, and nothing after a close frame either. */
  fault: string | undefined;
  readonly #sink: WebSocketSink;
  readonly #masked: boolean;
  readonly #compressible: boolean;
  #over = false;
  readonly #header = new Uint8Array(MAX_HEADER);
  #headerLength = 0;
  /** Payload of the current frame that is still to come, and how much of it has come. */
  #left = 0;
  #seen = 0;
  #inPayload = false;
  #opcode = 0;
  #final = false;
  #maskAt = 0;
  /** A message whose last frame has not come, and whether anybody wants its payload. */
  #inMessage = false;
  #wanted = false;
  #control: Buffer | undefined;

  /** Clients mask what they send and servers do not; a compressed message is legal where that was agreed. */
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

  /** Lengths that would have fitted into fewer bytes are taken: most endpoints take them, and they are clear. */
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
    // RFC 7692 section 6: the bit stands on the first frame of a message, and never on a control frame.
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
      this.#give(bytes, from, to, last);
    }
  }

  #give(bytes: Buffer, from: number, to: number, last: boolean): void {
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

  /** What the mask hides, in a buffer of its own: the one at hand is on its way to the other side. */
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

/** Takes the messages of one direction. */
export interface WebSocketSink {
  /** A message begins; `false` passes its payload over by its length, without a look. */
  begin(kind: "text" | "binary", compressed: boolean): boolean;
  /** A piece of the message's payload, unmasked and not to be kept or changed; `last` completes the message. */
  payload(bytes: Buffer, from: number, to: number, last: boolean): void;
  /** The sender's close frame; a code may be missing. */
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
/** Unmasked in one go, so that a long frame costs no buffer of its length. */
const MAX_UNMASKED = 16 * 1024;
const EMPTY = Buffer.alloc(0);
