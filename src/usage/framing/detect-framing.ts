import { TAB, CR, SPACE, COLON, OPEN_BRACKET, LETTER_D, LETTER_E, OPEN_BRACE } from "../json/ascii.ts";
import type { Framing } from "./framing.ts";

/** `opaque`: a body without documents, such as audio, an image, plain text or a web page. */
export type DetectedFraming = Framing | "opaque";

/**
 * The framing that the content type declares. A type can be missing or wrong, so `detectFraming` checks the first byte
 * as well. `undefined`: only the first byte can tell.
 */
export function declaredFraming(contentType: string | undefined): DetectedFraming | undefined {
  if (contentType === undefined) return undefined;
  const known = BY_TYPE.get(contentType);
  if (known !== undefined) return known;
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return BY_TYPE.get(type) ?? (/^(?:audio|image|video)\//.test(type) ? "opaque" : undefined);
}

/** The framing by the first byte after a byte order mark and white space. */
export function detectFraming(byte: number, declared: DetectedFraming | undefined): DetectedFraming {
  if (declared === "ndjson" || declared === "opaque") return declared;
  // The length of an event-stream frame begins with one of these bytes, and text does not.
  if (byte <= 1 && (byte === 0 || declared === "eventstream")) return "eventstream";
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return "json";
  if (declared === "sse") return "sse";
  return byte === LETTER_D || byte === LETTER_E || byte === COLON ? "sse" : "opaque";
}

/** The index after a byte order mark and white space, or `to` if nothing else has arrived. The mark may be split. */
export function bodyStart(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const byte = bytes[at] ?? 0;
    if (!(byte === SPACE || (byte >= TAB && byte <= CR) || byte === 0xef || byte === 0xbb || byte === 0xbf)) return at;
    at++;
  }
  return to;
}

const BY_TYPE: ReadonlyMap<string, DetectedFraming> = new Map([
  ["text/event-stream", "sse"],
  ["application/json", "json"],
  ["application/x-ndjson", "ndjson"],
  ["application/jsonl", "ndjson"],
  ["application/x-jsonl", "ndjson"],
  ["application/stream+json", "ndjson"],
  ["application/vnd.amazon.eventstream", "eventstream"],
  ["application/octet-stream", "opaque"],
  ["application/x-subrip", "opaque"],
  ["application/sdp", "opaque"],
  ["text/plain", "opaque"],
  ["text/vtt", "opaque"],
]);
