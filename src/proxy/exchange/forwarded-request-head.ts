import type { RequestHead } from "../../wire/request-head.ts";
import { isHopByHop } from "./hop-by-hop.ts";
import type { Route } from "../admission/route.ts";

/** LMGate's own request fields, which are never forwarded. */
const OWN_PREFIX = "x-lmgate-";

/**
 * The request head for the upstream: the client's lines byte for byte and in order, without the hop-by-hop fields, with
 * the upstream's target and `Host`.
 */
export function forwardedRequestHead(head: RequestHead, route: Route, upgrading: boolean): string {
  const { text } = head;
  let out = `${head.method} ${route.upstreamTarget} HTTP/1.1\r\n`;
  let hostSent = false;
  let runStart = -1;
  let runEnd = -1;
  for (const field of head.fields) {
    if (field.name === "host" || isDropped(field.name, head, upgrading)) {
      if (runStart !== -1) out += text.slice(runStart, runEnd);
      runStart = -1;
      if (field.name === "host" && !hostSent) {
        out += `Host: ${route.provider.upstream.authority}\r\n`;
        hostSent = true;
      }
      continue;
    }
    if (runStart === -1) runStart = field.start;
    runEnd = field.end;
  }
  if (runStart !== -1) out += text.slice(runStart, runEnd);
  // An HTTP/1.0 client may leave Host out, but an HTTP/1.1 upstream requires it.
  if (!hostSent) out += `Host: ${route.provider.upstream.authority}\r\n`;
  return upgrading ? `${out}Connection: Upgrade\r\n\r\n` : `${out}\r\n`;
}

function isDropped(name: string, head: RequestHead, upgrading: boolean): boolean {
  if (isHopByHop(name)) return true;
  if (name === "upgrade") return !upgrading;
  if (name.startsWith(OWN_PREFIX)) return true;
  return head.connection.length > 0 && head.connection.includes(name);
}

/** True if the request asks for a protocol change that LMGate forwards (RFC 9110 §7.8). */
export function isUpgrade(head: RequestHead): boolean {
  return (
    head.upgrade !== undefined &&
    head.minor === 1 &&
    head.body.kind === "none" &&
    head.connection.includes("upgrade") &&
    // HTTP/2 after an upgrade could carry further requests that LMGate never checks.
    !/(^|,)\s*(h2c?|http)\s*([/,]|$)/i.test(head.upgrade)
  );
}
