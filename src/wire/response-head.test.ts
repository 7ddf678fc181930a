import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "./fault.ts";
import { everySplit, LIMITS, octets } from "./replay.test.ts";
import { ResponseHeadReader, type ResponseHead } from "./response-head.ts";

function read(text: string, method = "GET"): ReturnType<ResponseHeadReader["push"]> {
  return new ResponseHeadReader(LIMITS).push(octets(text), method);
}

function accepted(text: string, method = "GET"): ResponseHead {
  const head = read(text, method);
  assert.ok(head !== undefined && !isFault(head), `rejected: ${JSON.stringify(head)}`);
  return head;
}

function faultOf(text: string): string | undefined {
  const head = read(text);
  return isFault(head) ? head.fault : head === undefined ? undefined : "accepted";
}

const ok = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`;

test("a head is split into its parts, in any pieces", () => {
  const text =
    "HTTP/1.1 429 Too  M\xe4ny \r\nRetry-After: 1\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 3\r\n\r\n";
  const head = accepted(text);
  assert.deepEqual([head.text, head.status, head.reason, head.minor], [text, 429, "Too  M\xe4ny ", 1]);
  assert.deepEqual(
    head.fields.map(({ name, value }) => [name, value]),
    [
      ["retry-after", "1"],
      ["set-cookie", "a"],
      ["set-cookie", "b"],
      ["content-length", "3"],
    ],
  );
  for (const pieces of everySplit(octets(text))) {
    const reader = new ResponseHeadReader(LIMITS);
    assert.deepEqual(pieces.map((piece) => reader.push(piece, "GET")).at(-1), head);
  }
});

test("interim heads are returned like others, and the bytes after them are left over", () => {
  const reader = new ResponseHeadReader(LIMITS);
  const interim = reader.push(octets(`HTTP/1.1 100 Continue\r\n\r\n${ok("Content-Length: 1\r\n")}x`), "POST");
  assert.ok(interim !== undefined && !isFault(interim));
  assert.deepEqual([interim.status, interim.body.kind], [100, "none"]);
  const final = reader.push(reader.takeRest(), "POST");
  assert.ok(final !== undefined && !isFault(final));
  assert.deepEqual([final.status, reader.takeRest().toString()], [200, "x"]);
});

test("a reason phrase may be empty or missing, and may contain bytes beyond ASCII", () => {
  assert.equal(accepted("HTTP/1.1 200 \r\n\r\n").reason, "");
  assert.equal(accepted("HTTP/1.1 200\r\n\r\n").reason, "");
  assert.equal(accepted("HTTP/1.1 200 \x80\t\xff\r\n\r\n").reason, "\x80\t\xff");
});

test("R32: the body is framed by status, method and fields, in this order", () => {
  const kind = (text: string, method = "GET"): string => accepted(text, method).body.kind;
  assert.equal(kind(ok("Content-Length: 3\r\n")), "length");
  assert.equal(kind(ok("Content-Length: 0\r\n")), "none");
  assert.equal(kind(ok("Transfer-Encoding: chunked\r\n")), "chunked");
  assert.equal(kind(ok("")), "until-close");
  assert.equal(kind("HTTP/1.0 200 OK\r\n\r\n"), "until-close");
  for (const fields of ["", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"]) {
    assert.equal(kind(ok(fields), "HEAD"), "none");
    for (const status of [100, 101, 103, 204, 304]) assert.equal(kind(`HTTP/1.1 ${status} X\r\n${fields}\r\n`), "none");
  }
});

test("a connection persists unless a version, a field or the end of the body says otherwise", () => {
  assert.equal(accepted(ok("Content-Length: 1\r\n")).keepAlive, true);
  assert.equal(accepted(ok("")).keepAlive, false);
  assert.equal(accepted(ok(""), "HEAD").keepAlive, true);
  assert.equal(accepted(ok("Content-Length: 1\r\nConnection: close\r\n")).keepAlive, false);
  assert.equal(accepted("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").keepAlive, false);
  assert.equal(accepted("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n").keepAlive, true);
});

test("the idle timeout of a server is read from Keep-Alive, and a value that is not a number is ignored", () => {
  const timeout = (value: string): number | undefined =>
    accepted(ok(`Keep-Alive: ${value}\r\n`)).keepAliveTimeoutSeconds;
  assert.equal(timeout("timeout=5"), 5);
  assert.equal(timeout("max=100, Timeout=60"), 60);
  assert.equal(timeout("timeout=0"), 0);
  for (const value of [
    "",
    "max=5",
    "timeout=",
    "timeout=a",
    "timeout=-1",
    "timeout=5s",
    "xtimeout=5",
    "timeout=99999999999",
  ]) {
    assert.equal(timeout(value), undefined, value);
  }
  assert.equal(accepted(ok("")).keepAliveTimeoutSeconds, undefined);
});

test("Connection may name a framing field, as some servers do, and its names are reported", () => {
  const head = accepted(ok("Connection: Transfer-Encoding, Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n"));
  assert.deepEqual(
    [head.connection, head.upgrade, head.body.kind],
    [["transfer-encoding", "upgrade"], "h2c", "chunked"],
  );
});

test("R25: a response that contradicts itself or is malformed is rejected", () => {
  const rows = [
    ok("Content-Length: 3\r\nContent-Length: 3\r\n"),
    ok("Content-Length: 3\r\nContent-Length: 4\r\n"),
    ok("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
    ok("Content-Length: +3\r\n"),
    ok("Content-Length: \r\n"),
    ok("Transfer-Encoding: gzip, chunked\r\n"),
    ok("Transfer-Encoding: identity\r\n"),
    ok("Transfer-Encoding: chunked\t\r\n"),
    ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 204 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
    ok("X: a\r\n b\r\n"),
    ok("X: a\nY: b\r\n"),
    ok("X: a\rb\r\n"),
    ok("X: a\0b\r\n"),
    ok("X : a\r\n"),
    ok(": a\r\n"),
    ok("nonsense\r\n"),
    "HTTP/1.1 200 OK\n\n",
    "SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2 200\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    " HTTP/1.1 200 OK\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1 200\tOK\r\n\r\n",
    "HTTP/1.1 200 O\0K\r\n\r\n",
    "HTTP/1.1 OK\r\n\r\n",
    "HTTP/1.0 100 Continue\r\n\r\n",
    "HTTP/2.0 200 O\0K\r\n\r\n",
  ];
  for (const text of rows) assert.equal(faultOf(text), "malformed", JSON.stringify(text));
  for (const version of ["1.2", "2.0", "0.9", "3.0"])
    assert.equal(faultOf(`HTTP/${version} 200 OK\r\n\r\n`), "version", version);
});

test("R26: a status is three digits from 100 to 999", () => {
  for (const status of ["099", "000", "20", "2000", "+20", "0x1", "2 0", ""]) {
    assert.equal(faultOf(`HTTP/1.1 ${status} X\r\n\r\n`), "malformed", status);
  }
  for (const status of [100, 299, 599, 600, 777, 999])
    assert.equal(accepted(`HTTP/1.1 ${status} X\r\n\r\n`).status, status);
});

test("an invalid response is rejected at once", () => {
  for (const text of ["S", "HTTX", "\x15", "<", "HTTP/1.1 200 OK\r\nX: a\n", "HTTP/1.1 200 OK\r\n "]) {
    for (const pieces of everySplit(octets(text))) {
      const reader = new ResponseHeadReader(LIMITS);
      const last = pieces.map((piece) => reader.push(piece, "GET")).at(-1);
      assert.ok(isFault(last), JSON.stringify(text));
    }
    assert.equal(faultOf(text.slice(0, -1)), undefined, `${JSON.stringify(text)}: one byte less is not certain`);
  }
});
