// An upgrade is a second entrance: the same key, the same route, and no byte of the new protocol before a real 101.
// (Next.js forgot the checks on upgrades, GHSA-c4j6-fc7j-m34r; Pingora tunneled before the 101, CVE-2026-2833.)
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { connectRaw } from "../harness/raw-client.ts";
import {
  startAttackFixture,
  FORBIDDEN,
  GOOD,
  goodKey,
  keyed,
  request,
  unknownKey,
  type AttackFixture,
} from "./attack-fixture.ts";
import { jsonResponse } from "./recording-upstream.ts";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture();
});
after(() => fixture.stop());
beforeEach(() => void fixture.takeRequests());

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

test("S36: an upgrade without an allowed key is rejected like any request, and what follows it is a request like any other", async () => {
  for (const lines of [
    "",
    `Authorization: Bearer ${unknownKey}\r\n`,
    `Sec-WebSocket-Protocol: openai-insecure-api-key.${unknownKey}\r\n`,
  ]) {
    const { responses, open } = await fixture.send(request("GET", "/openai/v1/realtime", UPGRADE + lines));
    assert.deepEqual(
      responses.map(({ text }) => text),
      [FORBIDDEN],
    );
    assert.equal(open, true);
  }
  assert.deepEqual(fixture.takeRequests(), []);
});

test("S36: bytes sent before a 101 that never comes do not reach the upstream, and the connection ends", async () => {
  for (const response of [
    jsonResponse(),
    jsonResponse({ error: {} }, "400 Bad Request"),
    jsonResponse({}, "426 Upgrade Required"),
  ]) {
    fixture.upstream.respond = (socket) => void socket.write(response);
    const { responses: received, open } = await fixture.send(
      keyed("GET", "/openai/v1/realtime", UPGRADE, keyed("GET", "/openai/smuggled")),
    );
    assert.equal(received.length, 1);
    assert.ok(received[0]?.lines.includes("Connection: close"));
    assert.equal(open, false);
    assert.deepEqual(
      fixture.takeRequests().map(({ target }) => target),
      ["/v1/realtime"],
    );
  }
});

test("S36: an upstream that aborts instead of switching is a 502, and bytes sent early are not read as a request", async () => {
  fixture.upstream.respond = (socket) => void socket.destroy();
  const { statuses, open } = await fixture.send(
    keyed("GET", "/openai/v1/realtime", UPGRADE, keyed("GET", "/openai/smuggled")),
  );
  assert.deepEqual(statuses, [502]);
  assert.equal(open, false);
  assert.deepEqual(
    fixture.takeRequests().map(({ target }) => target),
    ["/v1/realtime"],
  );
});

test("S36: a client that waits for its response may send plain requests if the protocol was not changed", async () => {
  fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
  const client = await connectRaw(fixture.gateway.port);
  client.send(keyed("GET", "/openai/v1/realtime", UPGRADE));
  await client.waitFor("total_tokens");
  client.send(keyed("GET", "/openai/v1/models"));
  await client.until("a second response", () => client.text.split("total_tokens").length > 2 || undefined);
  client.destroy();
  assert.deepEqual(
    fixture.takeRequests().map(({ target }) => target),
    ["/v1/realtime", "/v1/models"],
  );
});

test("S36: after a real 101 bytes are forwarded both ways, including those sent early, and none before it", async () => {
  const early = "\x81\x05early";
  const late = "\0\xff\r\nGET / HTTP/1.1";
  let bytesAfterHead = -1;
  const { upstream } = fixture;
  const upgraded = Promise.withResolvers<void>();
  let tunneled = "";
  upstream.respond = (socket, recorded) => {
    bytesAfterHead = upstream.seen.bytes - start - recorded.length;
    socket.on("data", (bytes: Buffer) => (tunneled += bytes.toString("latin1")));
    socket.write(`${SWITCHING}\x82\x03abc`, "latin1");
    upgraded.resolve();
  };
  const start = upstream.seen.bytes;
  const client = await connectRaw(fixture.gateway.port);
  client.send(keyed("GET", "/openai/v1/realtime", UPGRADE, early));
  await upgraded.promise;
  await client.waitFor("abc");
  client.send(late);
  client.end();
  await client.hasEnded();
  assert.equal(bytesAfterHead, 0);
  assert.equal(tunneled, early + late);
});

test("S36: there is no upgrade to HTTP/2, whose requests would not be checked", async () => {
  fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
  for (const protocol of ["h2c", "H2C", "h2", "websocket, h2c", "h2c, websocket", "h2c/1", "HTTP/2.0", "http/2"]) {
    const lines = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`;
    const { statuses } = await fixture.send(keyed("GET", "/openai/v1/models", lines));
    assert.deepEqual(statuses, [200], protocol);
    const [forwarded] = fixture.takeRequests();
    assert.deepEqual(forwarded?.lines.slice(1), [`Authorization: Bearer ${goodKey.key}`], protocol);
  }
});

test("S36: a 101 that the client did not ask for is a 502", async () => {
  fixture.upstream.respond = (socket) => void socket.write(SWITCHING);
  const { statuses } = await fixture.send(request("GET", "/openai/v1/models", GOOD));
  assert.deepEqual(statuses, [502]);
});
