import { TAB, CR, SPACE, COLON, OPEN_BRACKET, LETTER_D, LETTER_E, OPEN_BRACE } from "../json/ascii.ts";
import type { Framing } from "./framing.ts";

/** A body that cannot be cut into documents: audio, images, plain text, a web page. */
export type DetectedFraming = Framing | "opaque";

/**
 * How to cut a body: by its content type, but a type can be missing or wrong, so its first byte has the last word where
 * that byte is unmistakable. `undefined`: only the first byte can tell.
 */
export function declaredFraming(contentType: string | undefined): DetectedFraming | undefined {
  if (contentType === undefined) return undefined;
  const known = BY_TYPE.get(contentType);
  if (known !== undefined) return known;
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return BY_TYPE.get(type) ?? (/^(?:audio|image|video)\//.test(type) ? "opaque" : undefined);
}

/** The framing that a body shows by its first byte behind byte order mark and white space. */
export function detectFraming(byte: number, declared: DetectedFraming | undefined): DetectedFraming {
  if (declared === "ndjson" || declared === "opaque") return declared;
  // The length of a frame begins with one of these, and nothing that is text does.
  if (byte <= 1 && (byte === 0 || declared === "eventstream")) return "eventstream";
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return "json";
  if (declared === "sse") return "sse";
  return byte === LETTER_D || byte === LETTER_E || byte === COLON ? "sse" : "opaque";
}

/** Where the body really begins; `to` if it has not begun yet. A byte order mark may come in pieces. */
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
