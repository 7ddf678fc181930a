import assert from "node:assert/strict";
import { test } from "node:test";
import { moreTelling, upstreamErrorCode, UPSTREAM_ERRORS } from "./upstream-error-code.ts";

const errorWith = (code: string, message = code): Error => Object.assign(new Error(message), { code });

test("each code of the system is in one row", () => {
  const all = Object.values(UPSTREAM_ERRORS).flatMap(({ codes }): readonly string[] => codes);
  assert.equal(new Set(all).size, all.length);
});

test("codes of the system, of the resolver and of OpenSSL have names", () => {
  for (const [code, name] of [
    ["ECONNREFUSED", "port_closed"],
    ["EAI_AGAIN", "dns_failed"],
    ["EAI_SERVICE", "dns_failed"],
    ["ENOTFOUND", "dns_not_found"],
    ["CERT_HAS_EXPIRED", "tls_expired"],
    ["ERR_SSL_DECODE_ERROR", "tls_failed"],
    ["ENOSPC", undefined],
  ] as const)
    assert.equal(upstreamErrorCode(errorWith(code)), name, code);
  assert.equal(upstreamErrorCode(new Error("no code")), undefined);
});

test("the reason of a TLS error that a write met is in its message", () => {
  const message = "write EPROTO 40B7:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:x.c:907:";
  assert.equal(upstreamErrorCode(errorWith("EPROTO", message)), "tls_version");
  assert.equal(upstreamErrorCode(errorWith("EPROTO")), "tls_failed");
});

test("of two attempts, the one that got further says more", () => {
  assert.equal(moreTelling("tls_expired", "port_closed"), "tls_expired");
  assert.equal(moreTelling("unreachable", "port_closed"), "port_closed");
  assert.equal(moreTelling(undefined, "unreachable"), "unreachable");
  assert.equal(moreTelling("port_closed", undefined), "port_closed");
});
