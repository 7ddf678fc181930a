import type { BodyForm } from "./body-relay.ts";
import type { BodyFraming } from "../../wire/request-head.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import { isHopByHop } from "./hop-by-hop.ts";

export interface ClientHop {
  /** The client's minor HTTP version. */
  readonly minor: 0 | 1;
  /** The client's connection closes after this response. */
  readonly close: boolean;
}

/**
 * The response head for the client: the upstream's lines byte for byte and in order, without the hop-by-hop fields.
 * `undefined` if the upstream's bytes need no change.
 */
export function forwardedResponseHead(head: ResponseHead, hop: ClientHop, upgraded: boolean): string | undefined {
  const { text } = head;
  const form = upgraded ? "as framed" : bodyForm(head.body, hop.minor);
  const needsConnection = upgraded || hop.close || hop.minor === 0;
  let out = head.minor === 1 ? "" : `HTTP/1.1 ${statusRest(text)}`;
  let changed = head.minor !== 1;
  let runStart = changed ? -1 : 0;
  let runEnd = changed ? -1 : (head.fields[0]?.start ?? text.length - 2);
  for (const field of head.fields) {
    // For a client whose connection stays open, LMGate would write `Connection: keep-alive` itself.
    const keep =
      field.name === "connection" && !needsConnection && field.value.toLowerCase() === "keep-alive"
        ? true
        : !isDropped(field.name, head, form === "dechunked", upgraded);
    if (keep) {
      if (runStart === -1) runStart = field.start;
      runEnd = field.end;
      continue;
    }
    changed = true;
    if (runStart !== -1) out += text.slice(runStart, runEnd);
    runStart = -1;
  }
  if (!changed && !needsConnection && form !== "chunked") return undefined;
  if (runStart !== -1) out += text.slice(runStart, runEnd);
  if (form === "chunked") out += "Transfer-Encoding: chunked\r\n";
  if (upgraded) out += "Connection: Upgrade\r\n";
  else if (hop.close) out += "Connection: close\r\n";
  else if (hop.minor === 0) out += "Connection: keep-alive\r\n";
  return `${out}\r\n`;
}

/** Status code and reason phrase with their CRLF, without the version. */
function statusRest(text: string): string {
  return text.slice(text.indexOf(" ") + 1, text.indexOf("\r\n") + 2);
}

function isDropped(name: string, head: ResponseHead, dechunk: boolean, upgraded: boolean): boolean {
  if (isHopByHop(name)) return true;
  if (name === "upgrade") return !upgraded;
  if (dechunk && (name === "transfer-encoding" || name === "trailer")) return true;
  // Without framing fields the client could not tell where the body ends.
  if (name === "transfer-encoding" || name === "content-length") return false;
  return head.connection.length > 0 && head.connection.includes(name);
}

/** True if the client can tell the end of this body while the connection stays open. */
export function isSelfDelimited(body: BodyFraming, clientMinor: 0 | 1): boolean {
  return clientMinor === 1 || body.kind === "none" || body.kind === "length";
}

/**
 * A body that is ended by the upstream's connection is sent chunked. If LMGate crashed, the kernel would close the
 * client's connection in order, and an unframed partial body would look complete (RFC 9112 §6.3).
 */
export function bodyForm(body: BodyFraming, clientMinor: 0 | 1): BodyForm {
  if (body.kind === "chunked" && clientMinor === 0) return "dechunked";
  return body.kind === "until-close" && clientMinor === 1 ? "chunked" : "as framed";
}
