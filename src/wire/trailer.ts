import { Buffer } from "node:buffer";
import { malformed, tooLarge, type WireFault } from "./fault.ts";
import { fieldFault, headOf, readField, type Field } from "./field.ts";
import { CR, LF } from "./octet.ts";

// RFC 9110 §6.5.1: fields for framing, routing, authentication, request modifiers, caching, response control and content
// must be known before the content, and are dangerous in a trailer. Content-Digest is made for trailers and is allowed.
const FORBIDDEN: ReadonlySet<string> = new Set(
  [
    "connection content-length keep-alive te trailer transfer-encoding upgrade",
    "host forwarded max-forwards via",
    "authorization cookie set-cookie www-authenticate authentication-info",
    "content-encoding content-type content-range content-location content-language content-disposition",
    "cache-control expect pragma range if-match if-none-match if-modified-since if-unmodified-since if-range",
    "age date expires location retry-after vary warning",
  ].flatMap((names) => names.split(" ")),
);

/** True for a field that must not be in a trailer section. Every `Proxy-*` field is for one hop only. */
export function isForbiddenTrailer(lowerName: string): boolean {
  return FORBIDDEN.has(lowerName) || lowerName.startsWith("proxy-");
}

export interface TrailerLimits {
  readonly maxTrailerBytes: number;
  readonly maxTrailers: number;
  readonly dropTrailer: (lowerName: string) => boolean;
}

/** Collects the trailer section of a chunked body until its last byte has been checked. */
export class TrailerSection {
  done = false;
  fault: WireFault | undefined = undefined;

  readonly #limits: TrailerLimits;
  #kept = "";
  #line: Buffer = Buffer.alloc(256);
  #length = 0;
  #total = 0;
  #count = 0;

  constructor(limits: TrailerLimits) {
    this.#limits = limits;
  }

  /** The section to forward, with its final CRLF. */
  get text(): string {
    return `${this.#kept}\r\n`;
  }

  /** Returns the offset after the last byte that belongs to the section. */
  push(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && !this.done && this.fault === undefined) {
      const code = bytes[at++] ?? 0;
      if (++this.#total > this.#limits.maxTrailerBytes) {
        this.fault = tooLarge(`the trailer section is longer than ${this.#limits.maxTrailerBytes} bytes`);
      } else if (this.#length > 0 && this.#line[this.#length - 1] === CR && code !== LF) {
        this.fault = malformed("in the trailer section a carriage return stands without its line feed");
      } else {
        this.#append(code);
        if (code === LF) this.#endLine();
      }
    }
    return at;
  }

  #append(code: number): void {
    if (this.#length === this.#line.length) this.#line = Buffer.concat([this.#line], this.#length * 2);
    this.#line[this.#length++] = code;
  }

  #endLine(): void {
    const bytes = this.#line.subarray(0, this.#length);
    const line = headOf(bytes, bytes.length);
    this.#length = 0;
    if (line.text === "\r\n") {
      this.done = true;
      return;
    }
    if (++this.#count > this.#limits.maxTrailers) {
      this.fault = tooLarge(`there are more than ${this.#limits.maxTrailers} trailer fields`);
      return;
    }
    const fields: Field[] = [];
    if (readField(line, 0, fields) < 0) {
      this.fault = malformed(`in the trailer section: ${fieldFault(bytes, 0).detail}`);
      return;
    }
    const name = fields[0]?.name ?? "";
    if (!this.#limits.dropTrailer(name)) this.#kept += line.text;
  }
}
