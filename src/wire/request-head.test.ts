import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "./fault.ts";
import { cut, everySplit, LIMITS, octets } from "./replay.test.ts";
import { RequestHeadReader, type HeadLimits, type RequestHead } from "./request-head.ts";

function read(text: string, limits: HeadLimits = LIMITS): ReturnType<RequestHeadReader["push"]> {
  return new RequestHeadReader(limits).push(octets(text));
}

function accepted(text: string): RequestHead {
  const head = read(text);
  assert.ok(head !== undefined && !isFault(head), `rejected: ${JSON.stringify(head)}`);
  return head;
}

function faultOf(text: string, limits: HeadLimits = LIMITS): string | undefined {
  const head = read(text, limits);
  return isFault(head) ? head.fault : head === undefined ? undefined : "accepted";
}

const get = (fields: string, target = "/"): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

test("a head is split into its parts, each with its offset in the text", () => {
  const text = "POST /openai/v1/chat?x=%20 HTTP/1.1\r\nHost: a:1\r\nX-Odd:\t b  c \t\r\ncontent-length:12\r\n\r\n";
  const head = accepted(text);
  assert.equal(head.text, text);
  assert.deepEqual([head.method, head.target, head.minor, head.host], ["POST", "/openai/v1/chat?x=%20", 1, "a:1"]);
  assert.equal(text.slice(head.targetStart, head.targetEnd), head.target);
  assert.deepEqual(
    head.fields.map(({ name, value }) => [name, value]),
    [
      ["host", "a:1"],
      ["x-odd", "b  c"],
      ["content-length", "12"],
    ],
  );
  assert.deepEqual(
    head.fields.map(({ start, end }) => text.slice(start, end)),
    ["Host: a:1\r\n", "X-Odd:\t b  c \t\r\n", "content-length:12\r\n"],
  );
  assert.deepEqual(head.body, { kind: "length", length: 12 });
});

test("the bytes after a head are returned, and the next head is read from them", () => {
  const reader = new RequestHeadReader(LIMITS);
  const first = reader.push(octets(`${get("A: 1\r\n", "/1")}${get("A: 2\r\n", "/2")}left`));
  assert.ok(first !== undefined && !isFault(first));
  const second = reader.push(reader.takeRest());
  assert.ok(second !== undefined && !isFault(second));
  assert.deepEqual([first.target, second.target, reader.takeRest().toString()], ["/1", "/2", "left"]);
  assert.equal(reader.takeRest().length, 0);
});

test("a head is read the same in any pieces, and the bytes after it are left over", () => {
  const text = `\r\n\r\n${get("X-A: b\r\nContent-Length: 4\r\n")}`;
  const expected = read(text);
  for (const pieces of everySplit(octets(`${text}body`))) {
    const reader = new RequestHeadReader(LIMITS);
    let head: ReturnType<RequestHeadReader["push"]>;
    let left = "";
    for (const piece of pieces) {
      if (head === undefined) {
        head = reader.push(piece);
        left = reader.takeRest().toString();
      } else {
        left += piece.toString();
      }
    }
    assert.deepEqual(head, expected);
    assert.equal(left, "body");
    assert.equal(reader.empty, true);
  }
});

test("the reader is empty until a head begins; empty lines before it do not count", () => {
  const reader = new RequestHeadReader(LIMITS);
  assert.equal(reader.empty, true);
  reader.push(octets("\r\n"));
  assert.equal(reader.empty, true);
  reader.push(octets("\r"));
  assert.equal(reader.empty, false);
  reader.push(octets("\nG"));
  assert.equal(reader.empty, false);
});

test("R48: a connection persists as its version and its Connection fields say, and close wins", () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["1.1", "", true],
    ["1.1", "Connection: close\r\n", false],
    ["1.1", "Connection: Close\r\n", false],
    ["1.1", "Connection: keep-alive, close\r\n", false],
    ["1.1", "Connection: keep-alive\r\nConnection: close\r\n", false],
    ["1.1", "Connection: x-a\r\n", true],
    ["1.0", "", false],
    ["1.0", "Connection: Keep-Alive\r\n", true],
    ["1.0", "Connection: close, keep-alive\r\n", false],
    ["1.0", "Connection: x-a\r\n", false],
  ];
  for (const [version, fields, expected] of rows) {
    const head = accepted(`GET / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`);
    assert.equal(head.keepAlive, expected, `${version} ${fields}`);
  }
});

test("Connection lists are read across lines, in lower case, without empty elements", () => {
  const head = accepted(get("Connection: Keep-Alive , ,X-Hop\r\nConnection: TE\r\n"));
  assert.deepEqual(head.connection, ["keep-alive", "x-hop", "te"]);
  for (const value of ["a b", '"a"', "a;b", "a:b", "\xa0"])
    assert.equal(faultOf(get(`Connection: ${value}\r\n`)), "malformed", value);
});

test("S37: Connection may not name Host or a field that frames the body", () => {
  for (const name of ["Host", "content-length", "Transfer-Encoding"]) {
    assert.equal(faultOf(get(`Connection: close, ${name}\r\n`)), "malformed", name);
  }
});

test("an expectation and an upgrade are reported only if they apply", () => {
  assert.equal(accepted(get("Expect: 100-Continue\r\n")).expect, "100-Continue");
  assert.equal(accepted(get("Expect: a\r\nExpect: b\r\n")).expect, "a, b");
  assert.equal(accepted("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expect, undefined);
  assert.equal(accepted(get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n")).upgrade, "websocket");
  assert.equal(accepted(get("Upgrade: websocket\r\n")).upgrade, undefined);
  assert.equal(accepted("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").upgrade, undefined);
});

test("a body is framed by one valid field, or the message has none", () => {
  assert.deepEqual(accepted(get("")).body, { kind: "none" });
  assert.deepEqual(accepted(get("Content-Length: 0\r\n")).body, { kind: "none" });
  assert.deepEqual(accepted(get("Content-Length: 9007199254740991\r\n")).body, { kind: "length", length: 2 ** 53 - 1 });
  assert.deepEqual(accepted(get("Transfer-Encoding: CHUNKED\r\n")).body, { kind: "chunked" });
});

test("S6: unknown methods are rejected; CONNECT and TRACE can be read, so that they get a 405", () => {
  for (const method of ["TRACK", "PRI", "get", "Get", "GETT", "", "G=T", "UNSUBSCRIBES"]) {
    assert.equal(faultOf(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`), "malformed", method);
  }
  assert.equal(accepted("CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n").target, "evil:443");
  assert.equal(accepted("CONNECT [::1]:443 HTTP/1.1\r\nHost: a\r\n\r\n").method, "CONNECT");
  assert.equal(accepted("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n").method, "TRACE");
  for (const target of ["/", "evil", "evil:", ":443", "*"]) {
    assert.equal(faultOf(`CONNECT ${target} HTTP/1.1\r\nHost: a\r\n\r\n`), "malformed", target);
  }
});

test("S1, S5: targets are paths; what looks like a host inside one is kept unchanged", () => {
  const verbatim = [
    "//evil/x",
    "/openai//evil/x",
    "/openai/http://evil/x",
    "/openai@evil/x",
    "/openai:81@evil/x",
    "/openai;evil",
    "/%zz",
  ];
  for (const target of verbatim) assert.equal(accepted(get("", target)).target, target);
  for (const target of [
    "http://a/",
    "https://api.openai.com@evil/",
    "evil",
    "evil:80",
    "*",
    "?x",
    "@evil",
    "/\\evil",
    "/x#y",
    "",
  ]) {
    assert.equal(faultOf(get("", target)), "malformed", target);
  }
});

test("every byte that a target must not contain is rejected, and every other byte is accepted", () => {
  for (let code = 0; code < 256; code++) {
    const allowed = code > 0x20 && code < 0x7f && code !== 0x23 && code !== 0x5c;
    assert.equal(
      faultOf(get("", `/a${String.fromCharCode(code)}b`)),
      allowed ? "accepted" : "malformed",
      `byte ${code}`,
    );
  }
});

test("supported versions are accepted, and others are told apart from malformed ones", () => {
  for (const version of ["HTTP/1.1", "HTTP/1.0"])
    assert.equal(faultOf(`GET / ${version}\r\nHost: a\r\n\r\n`), "accepted");
  for (const version of ["HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/9.9"])
    assert.equal(faultOf(`GET / ${version}\r\n`), "version", version);
  for (const version of [
    "http/1.1",
    "HTTP/1",
    "HTTP/2",
    "HTTP/1.",
    "HTTP/1.10",
    "HTTP/11.1",
    "HTTP /1.1",
    " HTTP/1.1",
    "HTTP/1.1 ",
    "ICE/1.0",
  ]) {
    assert.equal(faultOf(`GET / ${version}\r\nHost: a\r\n\r\n`), "malformed", version);
  }
});

test("HTTP/1.1 requires one Host, HTTP/1.0 none, and no version allows two", () => {
  assert.equal(faultOf("GET / HTTP/1.1\r\n\r\n"), "malformed");
  assert.equal(accepted("GET / HTTP/1.0\r\n\r\n").host, undefined);
  assert.equal(faultOf("GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n"), "malformed");
  assert.equal(faultOf("GET / HTTP/1.0\r\nHost: a/b\r\n\r\n"), "malformed");
});

test("an invalid head is rejected before it is complete", () => {
  const early = [
    ["a TLS ClientHello", "\x16"],
    ["a lower-case method", "g"],
    ["a long word for a method", "GARBAGEGARBA"],
    ["HTTP/0.9", "GET /x\r\n"],
    ["a bare line feed", "GET / HTTP/1.1\n"],
    ["a bare carriage return", "GET / HTTP/1.1\rX"],
    ["a control character in the target", "GET /\x01"],
    ["a version that cannot be", "GET / HTTQ/1.1\r\n"],
    ["a bare line feed after a field", "GET / HTTP/1.1\r\nHost: a\n"],
    ["a space in a name", "GET / HTTP/1.1\r\nX "],
    ["a folded line", "GET / HTTP/1.1\r\nX: a\r\n "],
    ["a field without a name", "GET / HTTP/1.1\r\n:"],
    ["a NUL in a value", "GET / HTTP/1.1\r\nX: a\0"],
    ["a carriage return that ends no line", "GET / HTTP/1.1\r\nX: a\rb"],
    ["a carriage return that ends no head", "GET / HTTP/1.1\r\nX: a\r\n\rX"],
    ["half an empty line before the request", "\r\n\rX"],
    ["too many empty lines", "\r\n".repeat(9)],
  ];
  for (const [name = "", text = ""] of early) {
    assert.equal(faultOf(text), "malformed", name);
    for (const pieces of everySplit(octets(text))) {
      const reader = new RequestHeadReader(LIMITS);
      const last = pieces.map((piece) => reader.push(piece)).at(-1);
      assert.ok(isFault(last) && last.fault === "malformed", name);
    }
    assert.equal(faultOf(text.slice(0, -1)), undefined, `${name}: one byte less is not certain`);
  }
});

test("R44: a head that is too long or has too many fields is rejected as soon as it is", () => {
  const limits = { maxBytes: 100, maxFields: 3 };
  assert.equal(faultOf(`GET /${"a".repeat(95)}`, limits), "head-too-large");
  assert.equal(faultOf(`GET /${"a".repeat(94)}`, limits), undefined);
  const exact = get(`X: ${"a".repeat(100 - get("X: \r\n").length)}\r\n`);
  assert.equal(exact.length, 100);
  for (const pieces of [[exact], cut(octets(exact), [50]).map(String)]) {
    const reader = new RequestHeadReader(limits);
    const head = pieces.map((piece) => reader.push(octets(piece))).at(-1);
    assert.ok(head !== undefined && !isFault(head));
  }
  assert.equal(faultOf(exact.replace("X: a", "X: aa"), limits), "head-too-large");
  assert.equal(faultOf(get("A: 1\r\nB: 2\r\n"), limits), "accepted");
  assert.equal(faultOf(get("A: 1\r\nB: 2\r\nC: 3\r\n"), limits), "head-too-large");
  assert.equal(faultOf("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC", limits), "head-too-large");
});

test("after a fault the reader returns the same fault for all further bytes", () => {
  const reader = new RequestHeadReader(LIMITS);
  const fault = reader.push(octets("GET / HTTP/1.1\r\n\r\n"));
  assert.ok(isFault(fault));
  assert.equal(reader.push(octets(get(""))), fault);
  assert.equal(reader.takeRest().length, 0);
});

test("S25: no fault repeats a byte of the message", () => {
  const secret = "sk-very-secret";
  const texts = [
    `${secret} / HTTP/1.1\r\n`,
    `GET ${secret} HTTP/1.1\r\n`,
    `GET /../${secret} HTTP/1.1\r\n`,
    `GET / ${secret}\r\n`,
    get(`${secret} : a\r\n`),
    get(`X: ${secret}\0\r\n`),
    get(`Host: ${secret}\r\n`),
    get(`Content-Length: ${secret}\r\n`),
    get(`Transfer-Encoding: ${secret}\r\n`),
    get(`Connection: ${secret} x\r\n`),
  ];
  for (const text of texts) {
    const fault = read(text);
    assert.ok(isFault(fault));
    assert.ok(!fault.detail.includes("secret"), fault.detail);
  }
});

test("S31: fields named like properties of objects are fields like any other", () => {
  const head = accepted(get("__proto__: a\r\nconstructor: b\r\nhasOwnProperty: c\r\n"));
  assert.deepEqual(
    head.fields.map(({ name }) => name),
    ["host", "__proto__", "constructor", "hasownproperty"],
  );
  assert.equal(Object.keys(Object.prototype).length, 0);
});
