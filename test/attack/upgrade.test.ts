// An upgrade is a second entrance: the same key, the same route, and no byte of the new protocol before a real 101.
// (Next.js forgot the checks on upgrades, GHSA-c4j6-fc7j-m34r; Pingora tunneled before the 101, CVE-2026-2833.)
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { connectRaw } from "../harness/raw-client.ts";
import {
  enterBattlefield,
  FORBIDDEN,
  GOOD,
  goodKey,
  keyed,
  request,
  unknownKey,
  type Battlefield,
} from "./attack-fixture.ts";
import { jsonAnswer } from "./recording-upstream.ts";

let field: Battlefield;
before(async () => {
  field = await enterBattlefield();
});
after(() => field.leave());
beforeEach(() => void field.taken());

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

test("S36: an upgrade without an allowed key is rejected like any request, and what follows it is a request like any other", async () => {
  for (const lines of [
    "",
    `Authorization: Bearer ${unknownKey}\r\n`,
    `Sec-WebSocket-Protocol: openai-insecure-api-key.${unknownKey}\r\n`,
  ]) {
    const { answers, open } = await field.talk(request("GET", "/openai/v1/realtime", UPGRADE + lines));
    assert.deepEqual(
      answers.map(({ text }) => text),
      [FORBIDDEN],
    );
    assert.equal(open, true);
  }
  assert.deepEqual(field.taken(), []);
});

test("S36: bytes sent before a 101 that never comes do not reach the upstream, and the connection ends", async () => {
  for (const answer of [
    jsonAnswer(),
    jsonAnswer({ error: {} }, "400 Bad Request"),
    jsonAnswer({}, "426 Upgrade Required"),
  ]) {
    field.upstream.answer = (socket) => void socket.write(answer);
    const { answers, open } = await field.talk(
      keyed("GET", "/openai/v1/realtime", UPGRADE, keyed("GET", "/openai/smuggled")),
    );
    assert.equal(answers.length, 1);
    assert.ok(answers[0]?.lines.includes("Connection: close"));
    assert.equal(open, false);
    assert.deepEqual(
      field.taken().map(({ target }) => target),
      ["/v1/realtime"],
    );
  }
});

test("S36: an upstream that aborts instead of switching is a 502, and bytes sent early are not read as a request", async () => {
  field.upstream.answer = (socket) => void socket.destroy();
  const { statuses, open } = await field.talk(
    keyed("GET", "/openai/v1/realtime", UPGRADE, keyed("GET", "/openai/smuggled")),
  );
  assert.deepEqual(statuses, [502]);
  assert.equal(open, false);
  assert.deepEqual(
    field.taken().map(({ target }) => target),
    ["/v1/realtime"],
  );
});

test("S36: a client that waits for its response may send plain requests if the protocol was not changed", async () => {
  field.upstream.answer = (socket) => void socket.write(jsonAnswer());
  const client = await connectRaw(field.gateway.port);
  client.send(keyed("GET", "/openai/v1/realtime", UPGRADE));
  await client.holds("total_tokens");
  client.send(keyed("GET", "/openai/v1/models"));
  await client.until("a second answer", () => client.text.split("total_tokens").length > 2 || undefined);
  client.destroy();
  assert.deepEqual(
    field.taken().map(({ target }) => target),
    ["/v1/realtime", "/v1/models"],
  );
});

test("S36: after a real 101 bytes are forwarded both ways, including those sent early, and none before it", async () => {
  const early = "\x81\x05early";
  const late = "\0\xff\r\nGET / HTTP/1.1";
  let beyondHead = -1;
  const { upstream } = field;
  const upgraded = Promise.withResolvers<void>();
  let tunneled = "";
  upstream.answer = (socket, recorded) => {
    beyondHead = upstream.seen.bytes - start - recorded.length;
    socket.on("data", (bytes: Buffer) => (tunneled += bytes.toString("latin1")));
    socket.write(`${SWITCHING}\x82\x03abc`, "latin1");
    upgraded.resolve();
  };
  const start = upstream.seen.bytes;
  const client = await connectRaw(field.gateway.port);
  client.send(keyed("GET", "/openai/v1/realtime", UPGRADE, early));
  await upgraded.promise;
  await client.holds("abc");
  client.send(late);
  client.end();
  await client.hasEnded();
  assert.equal(beyondHead, 0);
  assert.equal(tunneled, early + late);
});

test("S36: there is no upgrade to HTTP/2, whose requests would not be checked", async () => {
  field.upstream.answer = (socket) => void socket.write(jsonAnswer());
  for (const protocol of ["h2c", "H2C", "h2", "websocket, h2c", "h2c, websocket", "h2c/1", "HTTP/2.0", "http/2"]) {
    const lines = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`;
    const { statuses } = await field.talk(keyed("GET", "/openai/v1/models", lines));
    assert.deepEqual(statuses, [200], protocol);
    const [taken] = field.taken();
    assert.deepEqual(taken?.lines.slice(1), [`Authorization: Bearer ${goodKey.key}`], protocol);
  }
});

test("S36: a 101 that the client did not ask for is a 502", async () => {
  field.upstream.answer = (socket) => void socket.write(SWITCHING);
  const { statuses } = await field.talk(request("GET", "/openai/v1/models", GOOD));
  assert.deepEqual(statuses, [502]);
});
