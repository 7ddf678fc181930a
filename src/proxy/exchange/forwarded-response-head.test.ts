import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../wire/fault.ts";
import { ResponseHeadReader } from "../../wire/response-head.ts";
import { forwardedResponseHead, isSelfDelimited } from "./forwarded-response-head.ts";

const stays = { minor: 1, close: false } as const;
const closes = { minor: 1, close: true } as const;
const old = { minor: 0, close: true } as const;
const oldStays = { minor: 0, close: false } as const;

function forwarded(
  lines: readonly string[],
  hop: typeof stays | typeof closes | typeof old | typeof oldStays,
  upgraded = false,
): string[] {
  const text = `${lines.join("\r\n")}\r\n\r\n`;
  const head = new ResponseHeadReader({ maxBytes: 65_536, maxFields: 100 }).push(Buffer.from(text, "latin1"), "GET");
  if (head === undefined || isFault(head)) return assert.fail(JSON.stringify(head));
  const made = forwardedResponseHead(head, hop, upgraded) ?? text;
  assert.ok(made.endsWith("\r\n\r\n"));
  return made.slice(0, -4).split("\r\n");
}

const ok = "HTTP/1.1 200 OK";
const length = "Content-Length: 1";
const chunked = "Transfer-Encoding: chunked";

const cases: ReadonlyArray<readonly [string, Parameters<typeof forwarded>, readonly string[]]> = [
  [
    "lines are forwarded unchanged: order, case, white space, repeated fields and bytes beyond ASCII",
    [["HTTP/1.1 299 \xfcber OK", "set-cookie: a", "X-B:2 ", "Set-Cookie:  b", length], stays],
    ["HTTP/1.1 299 \xfcber OK", "set-cookie: a", "X-B:2 ", "Set-Cookie:  b", length],
  ],
  [
    "a simple keep-alive is forwarded",
    [[ok, "Connection: keep-alive", length], stays],
    [ok, "Connection: keep-alive", length],
  ],
  [
    "a reason phrase may be empty",
    [["HTTP/1.1 200 ", length, "Keep-Alive: timeout=5"], stays],
    ["HTTP/1.1 200 ", length],
  ],
  [
    "hop-by-hop fields are not forwarded",
    [
      [
        ok,
        "Connection: close, X-Hop",
        "X-Hop: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Authenticate: x",
        "Upgrade: h2",
        length,
      ],
      stays,
    ],
    [ok, length],
  ],
  [
    "a framing field that Connection names is forwarded",
    [[ok, "Connection: content-length", length], stays],
    [ok, length],
  ],
  ["a connection that closes has Connection: close", [[ok, length], closes], [ok, length, "Connection: close"]],
  [
    "a connection that closes has only one Connection: close",
    [[ok, "Connection: keep-alive", length, "connection: X-Other"], closes],
    [ok, length, "Connection: close"],
  ],
  [
    "an HTTP/1.0 response is forwarded as HTTP/1.1",
    [["HTTP/1.0 200 Yes", "A: 1", length], stays],
    ["HTTP/1.1 200 Yes", "A: 1", length],
  ],
  ["a chunked body is forwarded chunked", [[ok, chunked, "Trailer: X"], stays], [ok, chunked, "Trailer: X"]],
  ["an HTTP/1.0 client gets no chunks", [[ok, "A: 1", chunked, "Trailer: X"], old], [ok, "A: 1", "Connection: close"]],
  [
    "an HTTP/1.0 client whose connection stays gets keep-alive",
    [[ok, length], oldStays],
    [ok, length, "Connection: keep-alive"],
  ],
  [
    "an upgrade is forwarded as one",
    [
      ["HTTP/1.1 101 Go", "Connection: upgrade, X-Hop", "X-Hop: 1", "Upgrade: websocket", "Sec-WebSocket-Accept: k"],
      stays,
      true,
    ],
    ["HTTP/1.1 101 Go", "Upgrade: websocket", "Sec-WebSocket-Accept: k", "Connection: Upgrade"],
  ],
];

for (const [what, sent, expected] of cases) {
  test(what, () => assert.deepEqual(forwarded(...sent), expected));
}

test("a head that needs no change is forwarded as it is", () => {
  const bytes = Buffer.from(`${ok}\r\nA: 1\r\n${length}\r\n\r\n`, "latin1");
  const head = new ResponseHeadReader({ maxBytes: 1_000, maxFields: 10 }).push(bytes, "GET");
  assert.ok(head !== undefined && !isFault(head));
  assert.equal(forwardedResponseHead(head, stays, false), undefined);
});

test("a client can tell the end of a body by its length, or by its chunks in HTTP/1.1", () => {
  assert.equal(isSelfDelimited({ kind: "none" }, 0), true);
  assert.equal(isSelfDelimited({ kind: "length", length: 5 }, 0), true);
  assert.equal(isSelfDelimited({ kind: "chunked" }, 1), true);
  assert.equal(isSelfDelimited({ kind: "chunked" }, 0), false);
  assert.equal(isSelfDelimited({ kind: "until-close" }, 1), true);
  assert.equal(isSelfDelimited({ kind: "until-close" }, 0), false);
});
