// What an upstream sends after its response, or within it, must never become the response to another client's request.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { connectRaw, type RawPeer } from "../harness/raw-client.ts";
import { bearer, startAttackFixture, goodKey, keyed, otherKey, request, type AttackFixture } from "./attack-fixture.ts";
import { jsonResponse, type RecordedRequest } from "./recording-upstream.ts";

const REQUEST_COUNT = 500;
const POISON = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture();
});
after(() => fixture.stop());
beforeEach(() => {
  fixture.takeRequests();
  fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
});

test("S34: each of 500 requests with two keys in turn gets its own response, whatever the upstream sends after each", async () => {
  fixture.upstream.respond = (socket, { target, lines }) => {
    const body = JSON.stringify({ model: target.slice(4), by: lines.find((line) => line.startsWith("Authorization")) });
    const response = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    // With the response, or in the next turn, when another exchange may be using the connection.
    if (Number(target.slice(6)) % 3 === 0) return void socket.write(response + POISON);
    socket.write(response);
    if (Number(target.slice(6)) % 3 === 1) setImmediate(() => socket.write(POISON));
  };
  const clients: readonly RawPeer[] = [await connectRaw(fixture.gateway.port), await connectRaw(fixture.gateway.port)];
  const owners = [goodKey, otherKey];
  for (let round = 0; round < REQUEST_COUNT; round++) {
    const [client, owner] = [clients[round % 2], owners[round % 2]];
    assert.ok(client !== undefined && owner !== undefined);
    // A POST, because a GET may be retried if its connection was dead.
    client.send(request("POST", `/openai/v1/m-${round}`, `${bearer(owner.key)}Content-Length: 0\r\n`));
    const { startLine, body } = await client.message();
    if (startLine.includes(" 502 ")) continue;
    assert.deepEqual(JSON.parse(body.toString()), { model: `m-${round}`, by: `Authorization: Bearer ${owner.key}` });
  }
  for (const client of clients) client.destroy();
  const records = await fixture.gateway.records(REQUEST_COUNT);
  for (const { endpoint, lmgate_id: id, model } of records) {
    const text = Number(/\d+$/.exec(endpoint ?? "")?.[0]);
    assert.equal(id, owners[text % 2]?.id);
    if (model !== null) assert.equal(model, `m-${text}`);
  }
});

test("S35: hop-by-hop fields are not forwarded in either direction", async () => {
  fixture.upstream.respond = (socket) =>
    void socket.write(
      "HTTP/1.1 200 OK\r\nProxy-Connection: close\r\nKeep-Alive: timeout=0\r\nProxy-Authenticate: Basic\r\nX-End: 1\r\n" +
        "Connection: keep-alive, X-Gone\r\nX-Gone: 1\r\nContent-Length: 2\r\n\r\n{}",
    );
  for (const [lines, staysOpen] of [
    ["Connection: close, keep-alive\r\n", false],
    ["Connection: keep-alive\r\nConnection: close\r\n", false],
    ["Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\n", true],
    ["Proxy-Connection: close\r\nKeep-Alive: timeout=0\r\nTE: trailers\r\n", true],
    ["Proxy-Authorization: Basic eDp5\r\nConnection: ,, keep-alive ,\r\n", true],
  ] as const) {
    const { responses, open } = await fixture.send(keyed("GET", "/openai/x", `${lines}X-Stays: 1\r\n`));
    assert.equal(open, staysOpen, lines);
    const kept = responses[0]?.lines.filter((line) => !line.startsWith("Connection:"));
    assert.deepEqual(kept, ["X-End: 1", "Content-Length: 2"], lines);
    const [forwarded] = fixture.takeRequests();
    const sent = forwarded?.lines.filter((line) => !/^(host|authorization):/i.test(line));
    assert.deepEqual(sent, ["X-Stays: 1"], lines);
  }
});

test("S35: an HTTP/1.0 client keeps its connection only if it asks for it, and the upstream gets HTTP/1.1", async () => {
  for (const [lines, staysOpen] of [
    ["", false],
    ["Connection: keep-alive\r\n", true],
    ["Connection: close, keep-alive\r\n", false],
  ] as const) {
    const message = keyed("GET", "/openai/x", lines).replace("HTTP/1.1", "HTTP/1.0");
    assert.equal((await fixture.send(message)).open, staysOpen, lines);
    const [received] = fixture.takeRequests();
    assert.match(received?.startLine ?? "", / HTTP\/1\.1$/);
  }
});

test("S38: a response whose head breaks the grammar is a 502 that repeats nothing of it", async () => {
  for (const line of [
    "X: a\0b",
    "X: a\rb",
    "X: a\nY: b",
    "X\0: a",
    "X: a\x07",
    "X : a",
    " X: a",
    "X[]: a",
    "X: a\r\n folded",
    "nonsense",
    "Set-Cookie: a\r\r\nX: b",
  ]) {
    fixture.upstream.respond = (socket) => void socket.end(`HTTP/1.1 200 OK\r\n${line}\r\nContent-Length: 2\r\n\r\nok`);
    const { responses, statuses, open } = await fixture.send(keyed("POST", "/openai/x", "Content-Length: 0\r\n"));
    assert.deepEqual(statuses, [502], JSON.stringify(line));
    assert.equal(open, true);
    assert.ok(responses[0]?.lines.includes("x-lmgate-error: upstream_invalid"));
  }
});

test("S38: fields of a response keep their number, order and case, and none is taken for LMGate's own", async () => {
  const lines = [
    "Set-Cookie: a=1; Path=/",
    "set-cookie: b=2",
    "__proto__: polluted",
    "constructor: x",
    "X-LMGate-Error: not ours",
    "SET-COOKIE: a=3",
    "Access-Control-Allow-Origin: *",
    "Content-Length: 2",
  ];
  fixture.upstream.respond = (socket) => void socket.write(`HTTP/1.1 200 Fine\r\n${lines.join("\r\n")}\r\n\r\nok`);
  const { responses } = await fixture.send(keyed("GET", "/openai/x"));
  assert.deepEqual(responses[0]?.lines, lines);
  assert.equal(responses[0]?.startLine, "HTTP/1.1 200 Fine");
});

/** Small documents that parsers disagree on: valid ones, invalid ones, and those that may be either. */
const DISPUTED_DOCUMENTS: readonly string[] = [
  ...'[] {} null true 1 -0 -01 1. .1 1e 1e+ 0x1 1e400 -1e-400 NaN Infinity "" \' [1,] [,1] [1 {] [}'.split(" "),
  '{"a":1,}',
  '{"a":1,"a":2}',
  "{a:1}",
  "{'a':1}",
  '{"a" 1}',
  '{"a":}',
  '{"":0}',
  '["\\u0000"]',
  '["\\ud800"]',
  '["\\ud800\\ud800"]',
  '["\\uD83D\\uDE00"]',
  '["\\x00"]',
  '["\\',
  '["\0"]',
  '["\t"]',
  '["\n"]',
  '["\x7f"]',
  '["\xff"]',
  '["\xed\xa0\x80"]',
  "\xef\xbb\xbf{}",
  "\xff\xfe[\0]\0",
  "\u001e{}\n{}",
  "// comment\n{}",
  "{} {}",
  "{}\0",
  " \t\r\n{} \t\r\n",
  "123456789012345678901234567890",
  `${"[".repeat(500)}${"]".repeat(500)}`,
  `${'{"a":'.repeat(500)}0${"}".repeat(500)}`,
  '{"usage":{"prompt_tokens":-1,"completion_tokens":1e99}}',
  '{"usage":{"prompt_tokens":"3","completion_tokens":[]}}',
  '{"usage":[{"prompt_tokens":3}]}',
  '{"model":{"__proto__":{"polluted":1}},"usage":null}',
  '{"model":"\\ud800","usage":{"prompt_tokens":3.5,"completion_tokens":9007199254740993}}',
];

test("S43: documents that parsers disagree on are forwarded unchanged both ways, and each request has its record", async () => {
  const before = (await fixture.gateway.records(0)).length;
  for (const document of DISPUTED_DOCUMENTS) {
    const bytes = Buffer.from(document, "latin1");
    const head = `Content-Type: application/json\r\nContent-Length: ${bytes.length}\r\n`;
    fixture.upstream.respond = (socket) =>
      void socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n`), bytes]));
    const { responses, statuses } = await fixture.send(keyed("POST", "/openai/v1/chat/completions", head, document));
    assert.deepEqual(statuses, [200], document);
    assert.ok(responses[0]?.body.equals(bytes), document);
    const [recorded]: readonly RecordedRequest[] = fixture.takeRequests();
    assert.ok(recorded?.body.equals(bytes), document);
  }
  await fixture.gateway.records(before + DISPUTED_DOCUMENTS.length);
});
