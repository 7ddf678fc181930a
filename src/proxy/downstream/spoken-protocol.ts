import type { SpokenProtocol } from "../../core/request/rejection.ts";

/** The messages for clients that speak something else than plain HTTP/1. */
export const WRONG_PROTOCOL: Readonly<Record<SpokenProtocol, string>> = {
  tls: "this is a TLS handshake, and this port speaks plain HTTP",
  http2: "this is the preface of HTTP/2, and this port speaks HTTP/1.1",
};

const HTTP2_PREFACE = "PRI * HTTP/2.0";
/** The type of a TLS record with a handshake, and the first byte of its version (RFC 8446 §5.1). */
const HANDSHAKE = 0x16;
const TLS_VERSION = 0x03;

/** The protocol that begins with these bytes, which are no request; `undefined` if it is unknown. */
export function spokenIn(bytes: Buffer): SpokenProtocol | undefined {
  if (bytes[0] === HANDSHAKE && (bytes[1] ?? TLS_VERSION) === TLS_VERSION) return "tls";
  return bytes.toString("latin1", 0, HTTP2_PREFACE.length) === HTTP2_PREFACE ? "http2" : undefined;
}
