import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rejection } from "../../core/request/rejection.ts";
import { encodeResponse, errorBody, gatewayError } from "./error-responses.ts";

const table: ReadonlyArray<readonly [Rejection, number, string]> = [
  [{ kind: "malformed", detail: "d" }, 400, "bad_request"],
  [{ kind: "forbidden", reason: "no_key" }, 403, "forbidden"],
  [{ kind: "unknown-route", prefixes: ["/a/"], suggestion: undefined }, 404, "not_found"],
  [{ kind: "method", method: "TRACE" }, 405, "method_not_allowed"],
  [{ kind: "body-too-large", maxBytes: 5 }, 413, "payload_too_large"],
  [{ kind: "expectation", value: "x" }, 417, "expectation_failed"],
  [{ kind: "head-too-large", detail: "d" }, 431, "headers_too_large"],
  [{ kind: "version", detail: "d" }, 505, "version_not_supported"],
  [{ kind: "draining" }, 503, "draining"],
  [{ kind: "upstream", fault: "upstream_unreachable" }, 502, "upstream_unreachable"],
  [{ kind: "upstream", fault: "upstream_timeout" }, 504, "upstream_timeout"],
  [{ kind: "upstream", fault: "upstream_reset" }, 502, "upstream_reset"],
  [{ kind: "upstream", fault: "upstream_invalid" }, 502, "upstream_invalid"],
];

for (const [rejection, status, code] of table) {
  test(`${JSON.stringify(rejection)} is ${status} ${code}, with a message and a reason phrase`, () => {
    const error = gatewayError(rejection);
    assert.deepEqual([error.status, error.code], [status, code]);
    assert.ok(error.message.length > 10);
    const bytes = encodeResponse({ ...plain, status, errorCode: code, body: errorBody(error) }, "now");
    assert.match(bytes.toString(), new RegExp(`^HTTP/1\\.1 ${status} [A-Z][A-Za-z ]+\r\n`));
  });
}

const plain = {
  status: 200,
  contentType: "text/plain",
  body: "ok",
  errorCode: undefined,
  close: false,
  minor: 1,
  withBody: true,
} as const;

test("S62: the 403 is the same for every reason, to the byte", () => {
  for (const reason of ["no_key", "unknown_key", "expired", "mixed_keys"] as const) {
    const body = errorBody(gatewayError({ kind: "forbidden", reason }));
    assert.equal(body, '{"error":"forbidden","message":"API key not authorized"}');
  }
});

test("the response to an unknown path names the prefixes and the path that was probably meant", () => {
  const error = gatewayError({ kind: "unknown-route", prefixes: ["/a/", "/b/"], suggestion: "/a/v1" });
  assert.match(error.message, /\/a\/, \/b\/.*Did you mean \/a\/v1\?/);
});

test("the response to a failed expectation does not repeat it", () => {
  assert.doesNotMatch(gatewayError({ kind: "expectation", value: "sk-secret" }).message, /secret/);
});

function lines(response: Parameters<typeof encodeResponse>[0]): string[] {
  return encodeResponse(response, "Mon, 23 Nov 2026 12:00:00 GMT").toString().split("\r\n");
}

test("a response of LMGate's own has its length in bytes, the date and no other field", () => {
  assert.deepEqual(lines({ ...plain, body: "über" }), [
    "HTTP/1.1 200 OK",
    "Content-Type: text/plain",
    "Content-Length: 5",
    "Date: Mon, 23 Nov 2026 12:00:00 GMT",
    "",
    "über",
  ]);
});

test("a response to HEAD has the length and no body", () => {
  assert.ok(
    encodeResponse({ ...plain, withBody: false }, "now")
      .toString()
      .endsWith("Content-Length: 2\r\nDate: now\r\n\r\n"),
  );
});

test("a response has the fields that its status requires", () => {
  assert.ok(lines({ ...plain, status: 405 }).some((line) => line.startsWith("Allow: GET")));
  assert.ok(lines({ ...plain, status: 503 }).includes("Retry-After: 1"));
  assert.ok(lines({ ...plain, errorCode: "forbidden" }).includes("x-lmgate-error: forbidden"));
  assert.ok(lines({ ...plain, close: true }).includes("Connection: close"));
  assert.ok(lines({ ...plain, minor: 0 }).includes("Connection: keep-alive"));
  assert.ok(lines({ ...plain, minor: 0, close: true }).includes("Connection: close"));
});
