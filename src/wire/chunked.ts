import { Buffer } from "node:buffer";
import { EXTENSION_FAULT, EXTENSION_START, extensionMayEnd, extensionStep } from "./chunk-extension.ts";
import { malformed, type WireFault } from "./fault.ts";
import { CR, LF, SEMICOLON } from "./octet.ts";
import { TrailerSection, type TrailerLimits } from "./trailer.ts";

export interface ChunkedLimits extends TrailerLimits {
  /** Per chunk. */
  readonly maxExtensionBytes: number;
}

export interface ChunkedOutput {
  /** The data of the body. Called after `framed` for the same bytes, so that forwarding never waits for an observer. */
  payload(bytes: Buffer): void;
  /** The chunked body to forward: byte for byte, but without extensions and unwanted trailers. */
  framed(bytes: Buffer): void;
}

type State = "size" | "extension" | "size-end" | "data" | "data-cr" | "data-lf" | "trailer" | "done" | "fault";

// 2^53-1 has 14 digits; some senders pad with up to two more.
const MAX_DIGITS = 16;

/**
 * Reads a chunked body (RFC 9112 §7.1) at any split of its bytes. It outputs sub-arrays of its input. A size line is
 * output only as a whole and after it was checked, and the last chunk only together with its trailer section. Until then
 * no receiver can take the body for complete.
 */
export class ChunkedReader {
  fault: WireFault | undefined = undefined;

  readonly #limits: ChunkedLimits;
  #state: State = "size";
  #size = 0;
  #digits = 0;
  #remaining = 0;
  #extension = EXTENSION_START;
  #extensionBytes = 0;
  /** The digits of a size line that began in an earlier push, or of the last chunk. */
  #held = "";
  #trailer: TrailerSection | undefined = undefined;

  // Offsets in the pushed bytes: the first byte not yet output, the size line, and the end of its digits.
  #pieceStart = 0;
  #lineStart = 0;
  #digitsEnd = 0;
  /** After a fault: the end of the valid bytes. */
  #checkedEnd = 0;
  /** The starts and ends of the data in the pushed bytes. */
  readonly #spans: number[] = [];

  constructor(limits: ChunkedLimits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  /** Prepares the reader for another body. */
  reset(): void {
    this.fault = undefined;
    this.#state = "size";
    this.#startLine(0);
    this.#held = "";
    this.#trailer = undefined;
  }

  /** Returns the offset after the last consumed byte. It is less than the length only if the body is done or faulty. */
  push(bytes: Buffer, from: number, out: ChunkedOutput): number {
    this.#pieceStart = from;
    this.#lineStart = from;
    this.#digitsEnd = from;
    this.#spans.length = 0;
    let at = from;
    while (at < bytes.length && this.#state !== "done" && this.#state !== "fault") at = this.#step(bytes, at, out);
    this.#flush(bytes, at, out);
    const spans = this.#spans;
    for (let index = 0; index < spans.length; index += 2) out.payload(bytes.subarray(spans[index], spans[index + 1]));
    return at;
  }

  #step(bytes: Buffer, at: number, out: ChunkedOutput): number {
    switch (this.#state) {
      case "size":
        return this.#readSize(bytes, at);
      case "extension":
        return this.#readExtension(bytes, at);
      case "size-end":
        if (bytes[at] !== LF) return this.#fail("a chunk size line does not end in CRLF", at);
        return this.#endLine(bytes, at + 1, out);
      case "data":
        return this.#readData(bytes, at);
      case "data-cr":
        if (bytes[at] !== CR) return this.#fail("a chunk is longer than its size", at);
        this.#state = "data-lf";
        return at + 1;
      case "data-lf":
        if (bytes[at] !== LF) return this.#fail("a chunk does not end in CRLF", at);
        this.#state = "size";
        this.#startLine(at + 1);
        return at + 1;
      case "trailer":
        return this.#readTrailer(bytes, at, out);
      case "done":
      case "fault":
        return at;
    }
  }

  #startLine(at: number): void {
    this.#lineStart = at;
    this.#digitsEnd = at;
    this.#size = 0;
    this.#digits = 0;
  }

  #readSize(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length) {
      const code = bytes[at] ?? 0;
      const digit = hexValue(code);
      if (digit < 0) {
        this.#digitsEnd = at;
        if (this.#digits === 0) return this.#fail("a chunk size is not a hexadecimal number", at);
        if (this.#size > Number.MAX_SAFE_INTEGER) return this.#fail("a chunk size is too large a number", at);
        if (code !== CR && code !== SEMICOLON) return this.#fail("a chunk size is not a plain hexadecimal number", at);
        this.#state = code === CR ? "size-end" : "extension";
        this.#extension = EXTENSION_START;
        this.#extensionBytes = 0;
        return at + 1;
      }
      if (++this.#digits > MAX_DIGITS) return this.#fail("a chunk size has too many digits", at);
      this.#size = this.#size * 16 + digit;
      at++;
    }
    this.#digitsEnd = at;
    return at;
  }

  #readExtension(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const code = bytes[at] ?? 0;
      if (code === CR && extensionMayEnd(this.#extension)) {
        this.#state = "size-end";
        return at + 1;
      }
      this.#extension = extensionStep(this.#extension, code);
      if (this.#extension === EXTENSION_FAULT) return this.#fail("a chunk extension is malformed", at);
      if (++this.#extensionBytes > this.#limits.maxExtensionBytes)
        return this.#fail("a chunk extension is too long", at);
    }
    return bytes.length;
  }

  /** Called when the size line, with its CRLF, has been read up to `at`. */
  #endLine(bytes: Buffer, at: number, out: ChunkedOutput): number {
    const isLast = this.#size === 0;
    const endsHere = isLast && bytes[at] === CR && bytes[at + 1] === LF;
    if (isLast && !endsHere) {
      this.#flush(bytes, at, out);
      this.#state = "trailer";
      this.#trailer = new TrailerSection(this.#limits);
      return at;
    }
    if (this.#held !== "") {
      out.framed(
        Buffer.from(`${this.#held}${bytes.toString("latin1", this.#lineStart, this.#digitsEnd)}\r\n`, "latin1"),
      );
      this.#held = "";
      this.#pieceStart = at;
    } else if (this.#digitsEnd !== at - 2) {
      // There is an extension between the digits and the CRLF.
      out.framed(bytes.subarray(this.#pieceStart, this.#digitsEnd));
      this.#pieceStart = at - 2;
    }
    this.#remaining = this.#size;
    this.#state = isLast ? "done" : "data";
    return isLast ? at + 2 : at;
  }

  #readData(bytes: Buffer, at: number): number {
    const end = Math.min(at + this.#remaining, bytes.length);
    this.#spans.push(at, end);
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#state = "data-cr";
    return end;
  }

  #readTrailer(bytes: Buffer, from: number, out: ChunkedOutput): number {
    const trailer = this.#trailer ?? new TrailerSection(this.#limits);
    const at = trailer.push(bytes, from);
    if (trailer.fault !== undefined) {
      this.fault = trailer.fault;
      this.#checkedEnd = this.#pieceStart;
      this.#state = "fault";
    } else if (trailer.done) {
      out.framed(Buffer.from(`${this.#held}\r\n${trailer.text}`, "latin1"));
      this.#held = "";
      this.#pieceStart = at;
      this.#state = "done";
    }
    return at;
  }

  /** Outputs the checked bytes up to `at`, and keeps the digits of an unfinished size line. */
  #flush(bytes: Buffer, at: number, out: ChunkedOutput): void {
    let end = at;
    if (this.#inLine()) {
      this.#held += bytes.toString("latin1", this.#lineStart, this.#digitsEnd);
      end = this.#lineStart;
    } else if (this.#state === "trailer") {
      end = this.#pieceStart;
    } else if (this.#state === "fault") {
      end = this.#checkedEnd;
    }
    if (end > this.#pieceStart) out.framed(bytes.subarray(this.#pieceStart, end));
    this.#pieceStart = at;
  }

  #fail(detail: string, at: number): number {
    this.#checkedEnd = this.#inLine() ? this.#lineStart : at;
    this.fault = malformed(detail);
    this.#state = "fault";
    return at;
  }

  #inLine(): boolean {
    return this.#state === "size" || this.#state === "extension" || this.#state === "size-end";
  }
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
