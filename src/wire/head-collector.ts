import { Buffer } from "node:buffer";
import { malformed, tooLarge, type WireFault } from "./fault.ts";
import { fieldFault, headOf, readField, tooManyFields, type Field, type Head, type KnownHead } from "./field.ts";
import { COLON, CR, LF, octet, TOKEN, VALUE } from "./octet.ts";

export interface HeadLimits {
  readonly maxBytes: number;
  readonly maxFields: number;
}

/** The rules for the first line of a head. The lines after it are the same for requests and responses. */
export interface StartLine {
  /** Empty lines before it are skipped, for requests only (RFC 9112 §2.2). */
  readonly afterBlankLines: boolean;
  /** Checks an incomplete line for faults that no further byte could correct. */
  readonly partial: (bytes: Buffer, from: number, to: number) => WireFault | undefined;
  /** Checks the complete line. */
  readonly complete: (line: Head) => WireFault | undefined;
}

const NOTHING = Buffer.alloc(0);
const HEAD_END = Buffer.from("\r\n\r\n");
const MAX_BLANK_LINES = 8;

/**
 * Collects the text of one whole head. Nearly all heads arrive in one piece; a native search finds their end, and they
 * are not checked here. A head in several pieces is checked line by line as it grows, each byte once. So an invalid head
 * is rejected early, and a slow sender costs no more than a fast one.
 */
export class HeadCollector {
  #rest: Buffer = NOTHING;

  readonly #limits: HeadLimits;
  readonly #startLine: StartLine;
  #fault: WireFault | undefined = undefined;
  #blankLines = 0;
  #halfBlankLine = false;
  /** The bytes so far are `#held[0, #length)`. Lines before `#lineStart` and bytes before `#seen` have been checked. */
  #held: Buffer = NOTHING;
  #length = 0;
  #lineStart = 0;
  #seen = 0;
  #lines = 0;
  #colon = false;

  constructor(limits: HeadLimits, startLine: StartLine) {
    this.#limits = limits;
    this.#startLine = startLine;
  }

  get empty(): boolean {
    return this.#length === 0 && !this.#halfBlankLine;
  }

  takeRest(): Buffer {
    const rest = this.#rest;
    this.#rest = NOTHING;
    return rest;
  }

  /** Takes the bytes of `known` if a new head begins with them; returns false otherwise. */
  skipKnown(bytes: Buffer, known: KnownHead): boolean {
    const isStart = this.#length === 0 && !this.#halfBlankLine && this.#fault === undefined;
    if (!isStart || !known.isAtStartOf(bytes)) return false;
    this.#blankLines = 0;
    this.#rest = bytes.length === known.length ? NOTHING : bytes.subarray(known.length);
    return true;
  }

  push(bytes: Buffer): Head | WireFault | undefined {
    this.#rest = NOTHING;
    if (this.#fault !== undefined) return this.#fault;
    let from = 0;
    if (this.#length === 0) {
      if (this.#startLine.afterBlankLines) from = this.#skipBlankLines(bytes);
      if (from < 0) return this.fail(malformed("a carriage return stands without its line feed before the request"));
      const lastLine = bytes.indexOf(HEAD_END, from);
      const end = lastLine + 4;
      if (lastLine >= 0 && end - from <= this.#limits.maxBytes) {
        this.#blankLines = 0;
        if (end < bytes.length) this.#rest = bytes.subarray(end);
        return headOf(from === 0 ? bytes : bytes.subarray(from), end - from);
      }
      if (from === bytes.length) return undefined;
    }
    return this.#grow(bytes, from);
  }

  /** Every later push returns this fault too, because the start of a next head cannot be known. */
  fail(fault: WireFault): WireFault {
    this.#held = NOTHING;
    this.#rest = NOTHING;
    return (this.#fault = fault);
  }

  #skipBlankLines(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      const code = bytes[at];
      if (this.#halfBlankLine) {
        if (code !== LF || ++this.#blankLines > MAX_BLANK_LINES) return -1;
        this.#halfBlankLine = false;
      } else if (code === CR) {
        this.#halfBlankLine = true;
      } else {
        break;
      }
      at++;
    }
    return at;
  }

  #grow(bytes: Buffer, from: number): Head | WireFault | undefined {
    const before = this.#length;
    this.#append(bytes, from);
    for (;;) {
      const lineFeed = this.#held.subarray(this.#seen, this.#length).indexOf(LF);
      if (lineFeed < 0) break;
      const end = this.#seen + lineFeed + 1;
      const fault = this.#checkLine(end);
      if (fault !== undefined) return this.fail(fault);
      if (this.#lineStart === end) continue;
      this.#rest = bytes.subarray(from + end - before);
      return this.#take(end);
    }
    const fault = this.#checkPart();
    if (fault !== undefined) return this.fail(fault);
    if (this.#length < this.#limits.maxBytes) return undefined;
    return this.fail(tooLarge(`the head is longer than ${this.#limits.maxBytes} bytes`));
  }

  #append(bytes: Buffer, from: number): void {
    const { maxBytes } = this.#limits;
    const length = Math.min(this.#length + bytes.length - from, maxBytes);
    if (length > this.#held.length) {
      const grown = Buffer.alloc(Math.min(Math.max(length * 2, 1024), maxBytes));
      this.#held.copy(grown, 0, 0, this.#length);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#length, from, from + length - this.#length);
    this.#length = length;
  }

  /** Checks the line up to `end`, and moves on to the next unless it was the blank line. */
  #checkLine(end: number): WireFault | undefined {
    const bytes = this.#held.subarray(this.#lineStart, end);
    if (this.#lines > 0 && bytes.length === 2 && bytes[0] === CR) return undefined;
    const line = headOf(bytes, bytes.length);
    const fault = this.#lines === 0 ? this.#startLine.complete(line) : this.#checkField(line);
    this.#lines++;
    this.#lineStart = end;
    this.#seen = end;
    this.#colon = false;
    return fault;
  }

  #checkField(line: Head): WireFault | undefined {
    const { maxFields } = this.#limits;
    if (this.#lines > maxFields && line.bytes[0] !== CR) return tooManyFields(maxFields);
    const unused: Field[] = [];
    return readField(line, 0, unused) < 0 ? fieldFault(line.bytes, 0) : undefined;
  }

  /** Checks an incomplete line. */
  #checkPart(): WireFault | undefined {
    if (this.#lineStart === this.#length) return undefined;
    if (this.#lines === 0) {
      const fault = this.#startLine.partial(this.#held, this.#seen, this.#length);
      // A carriage return at the end is checked again, together with the byte after it.
      this.#seen = this.#held[this.#length - 1] === CR ? this.#length - 1 : this.#length;
      return fault;
    }
    if (this.#held[this.#lineStart] !== CR && this.#lines > this.#limits.maxFields) {
      return tooManyFields(this.#limits.maxFields);
    }
    for (; this.#seen < this.#length; this.#seen++) {
      const code = this.#held[this.#seen] ?? 0;
      if (code === CR && this.#seen + 1 === this.#length && (this.#colon || this.#seen === this.#lineStart)) break;
      if (this.#colon ? (octet(code) & VALUE) !== 0 : (octet(code) & TOKEN) !== 0) continue;
      if (code !== COLON || this.#seen === this.#lineStart) {
        return fieldFault(this.#held.subarray(this.#lineStart, this.#length), 0);
      }
      this.#colon = true;
    }
    return undefined;
  }

  #take(end: number): Head {
    const head = headOf(this.#held, end);
    this.#held = NOTHING;
    this.#length = 0;
    this.#lineStart = 0;
    this.#seen = 0;
    this.#lines = 0;
    this.#blankLines = 0;
    return head;
  }
}
