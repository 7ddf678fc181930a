import assert from "node:assert/strict";
import { test } from "node:test";
import type { Provider } from "../../core/provider.ts";
import { isFault } from "../../wire/fault.ts";
import { RequestHeadReader, type RequestHead } from "../../wire/request-head.ts";
import { forwardedRequestHead, isUpgrade } from "./forwarded-request-head.ts";
import { findRoute } from "../admission/route.ts";

const upstream = { secure: true, host: "up.test", port: 8443, pathPrefix: "/base", authority: "up.test:8443" };
const provider: Provider = { name: "p", upstream, exclusiveReasoning: false, onClientAbort: "cancel" };

function read(lines: readonly string[], start = "POST /p/v1/x?y=%41 HTTP/1.1"): RequestHead {
  const head = new RequestHeadReader({ maxBytes: 65_536, maxFields: 100 }).push(
    Buffer.from(`${[start, ...lines].join("\r\n")}\r\n\r\n`, "latin1"),
  );
  if (head === undefined || isFault(head)) return assert.fail(JSON.stringify(head));
  return head;
}

/** The lines after the request line. */
function forwarded(lines: readonly string[], start?: string): string[] {
  const head = read(lines, start);
  const route = findRoute(head.target, new Map([["p", provider]])) ?? assert.fail("no route");
  const text = forwardedRequestHead(head, route, isUpgrade(head));
  assert.ok(text.endsWith("\r\n\r\n"));
  assert.match(text, /^POST \/base\/v1\/x\?y=%41 HTTP\/1\.1\r\n/);
  return text.slice(0, -4).split("\r\n").slice(1);
}

const cases: ReadonlyArray<readonly [what: string, sent: readonly string[], expected: readonly string[]]> = [
  [
    "lines are forwarded unchanged: order, case, white space, repeated fields and bytes beyond ASCII",
    ["Host: gate", "x-B:  2 ", "X-a:1", "x-b: \xe9\xff", "ACCEPT:\t*/*"],
    ["Host: up.test:8443", "x-B:  2 ", "X-a:1", "x-b: \xe9\xff", "ACCEPT:\t*/*"],
  ],
  [
    "Host stays in its place and gets the upstream's name",
    ["A: 1", "hOST: gate", "B: 2"],
    ["A: 1", "Host: up.test:8443", "B: 2"],
  ],
  [
    "hop-by-hop fields are not forwarded",
    [
      "Host: g",
      "Connection: keep-alive",
      "Keep-Alive: 5",
      "TE: trailers",
      "Proxy-Authorization: x",
      "proxy-x: y",
      "A: 1",
    ],
    ["Host: up.test:8443", "A: 1"],
  ],
  [
    "S37: fields that Connection names are not forwarded",
    ["Host: g", "X-Hop: 1", "Connection: close, x-hop", "X-Hop: 2", "X-Stay: 3"],
    ["Host: up.test:8443", "X-Stay: 3"],
  ],
  [
    "LMGate's own fields are not forwarded",
    ["Host: g", "X-LMGate-Key: k", "x-lmgate-tags: a=b", "x-lmgate-new: 1", "x-lmgat: 2"],
    ["Host: up.test:8443", "x-lmgat: 2"],
  ],
  [
    "framing fields are forwarded",
    ["Host: g", "Transfer-Encoding: chunked", "Trailer: X"],
    ["Host: up.test:8443", "Transfer-Encoding: chunked", "Trailer: X"],
  ],
  ["nothing is added", ["Host: g"], ["Host: up.test:8443"]],
  [
    "S36: an upgrade is forwarded with LMGate's own Connection",
    ["Host: g", "Connection: keep-alive, Upgrade, X-Hop", "Upgrade: websocket", "X-Hop: 1", "Sec-WebSocket-Key: k"],
    ["Host: up.test:8443", "Upgrade: websocket", "Sec-WebSocket-Key: k", "Connection: Upgrade"],
  ],
  [
    "S36: an upgrade to h2c is not forwarded",
    ["Host: g", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"],
    ["Host: up.test:8443"],
  ],
  [
    "an Upgrade that Connection does not name is not forwarded",
    ["Host: g", "Upgrade: websocket"],
    ["Host: up.test:8443"],
  ],
  [
    "an upgrade with a body is not forwarded",
    ["Host: g", "Connection: upgrade", "Upgrade: websocket", "Content-Length: 3"],
    ["Host: up.test:8443", "Content-Length: 3"],
  ],
];

for (const [what, sent, expected] of cases) {
  test(what, () => assert.deepEqual(forwarded(sent), expected));
}

test("an HTTP/1.0 request without Host gets one, and is forwarded as HTTP/1.1", () => {
  assert.deepEqual(forwarded(["A: 1"], "POST /p/v1/x?y=%41 HTTP/1.0"), ["A: 1", "Host: up.test:8443"]);
});

for (const [value, expected] of [
  ["websocket", true],
  ["WebSocket", true],
  ["something-else/1", true],
  ["h2c", false],
  ["H2C", false],
  ["h2", false],
  ["websocket, h2c", false],
  ["h2c ,websocket", false],
  ["HTTP/2.0", false],
  ["h2c-like", true],
] as const) {
  test(`S36: an upgrade to ${value} ${expected ? "is" : "is not"} forwarded`, () => {
    assert.equal(isUpgrade(read(["Host: g", "Connection: Upgrade", `Upgrade: ${value}`])), expected);
  });
}
