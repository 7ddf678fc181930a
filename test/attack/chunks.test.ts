// Chunks are read as strictly as heads. The end of a body must be unambiguous, and what follows it cannot authorize a request.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { connectRaw } from "../harness/raw-client.ts";
import { startAttackFixture, goodKey, keyed, type AttackFixture } from "./attack-fixture.ts";
import { jsonResponse } from "./recording-upstream.ts";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture();
});
after(() => fixture.stop());
beforeEach(() => {
  fixture.takeRequests();
  fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
});

const HIDDEN = keyed("GET", "/openai/smuggled");

function post(lines: string, body: string): string {
  return keyed("POST", "/openai/v1/x", lines, body);
}

const BAD_CHUNKS: readonly string[] = [
  "0x5\r\nhello\r\n0\r\n\r\n",
  "+5\r\nhello\r\n0\r\n\r\n",
  "-5\r\nhello\r\n0\r\n\r\n",
  "5 \r\nhello\r\n0\r\n\r\n",
  " 5\r\nhello\r\n0\r\n\r\n",
  "5\nhello\n0\n\n",
  "5\r\nhello\n0\r\n\r\n",
  "5\r\nhello0\r\n\r\n",
  "5\r\nhelloworld\r\n0\r\n\r\n",
  "5\rX\nhello\r\n0\r\n\r\n",
  "\r\nhello\r\n0\r\n\r\n",
  "g\r\nhello\r\n0\r\n\r\n",
  "5_0\r\nhello\r\n0\r\n\r\n",
  "10000000000000005\r\nhello\r\n0\r\n\r\n",
  "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
  `5;${"a".repeat(20_000)}\r\nhello\r\n0\r\n\r\n`,
  "5;a=b\nX: y\r\nhello\r\n0\r\n\r\n",
  "5;\0\r\nhello\r\n0\r\n\r\n",
  "5\r\nhello\r\n0\r\nX : y\r\n\r\n",
  "5\r\nhello\r\n0\r\nX\r\n\r\n",
  "5\r\nhello\r\n0\r\n X: y\r\n\r\n",
  "5\r\nhello\r\n0\n\n",
  `5\r\nhello\r\n0\r\n${"T: x\r\n".repeat(200)}\r\n`,
  `5\r\nhello\r\n0\r\nT: ${"x".repeat(20_000)}\r\n\r\n`,
];

test("S18: a bad chunk that comes with the head is 400", async () => {
  for (const body of BAD_CHUNKS)
    await fixture.assertRejectedAndClosed(post("Transfer-Encoding: chunked\r\n", body + HIDDEN));
});

test("S18: a bad chunk that comes after the upstream was reached closes the upstream connection before the request is complete", async () => {
  const { gateway, upstream } = fixture;
  for (const body of BAD_CHUNKS) {
    const seen = upstream.seen.bytes;
    const client = await connectRaw(gateway.port);
    client.send(post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n"));
    await upstream.gotBytes(seen + 100);
    client.send(body + HIDDEN);
    await client.hasEnded();
    assert.match(client.text, /^HTTP\/1\.1 400 [^]*\}$/, JSON.stringify(body.slice(0, 60)));
    client.destroy();
    const connections = upstream.seen.connections;
    assert.deepEqual((await fixture.send(keyed("GET", "/openai/after"))).statuses, [200]);
    assert.equal(upstream.seen.connections, connections + 1);
    assert.deepEqual(
      fixture.takeRequests().map(({ target }) => target),
      ["/after"],
    );
    // Leaves no idle connection for the next round.
    upstream.respond = (socket) => void socket.end(jsonResponse());
  }
});

test("S19: trailers authorize nothing, and no key, Host or framing in them reaches the upstream", async () => {
  const trailers = [
    `Authorization: Bearer ${goodKey.key}`,
    `authorization: Bearer x`,
    `X-Api-Key: foreign-key-1`,
    `api-key: foreign-key-2`,
    `x-goog-api-key: foreign-key-3`,
    `x-lmgate-key: ${goodKey.key}`,
    `X-LMGate-Tags: a=b`,
    `Sec-WebSocket-Protocol: openai-insecure-api-key.foreign-key-4`,
    `Cookie: a=b`,
    `Host: ${fixture.evil}`,
    `Content-Length: 5`,
    `Transfer-Encoding: chunked`,
    `Connection: close`,
    `Proxy-Authorization: Basic x`,
  ];
  const body = `5\r\nhello\r\n0\r\n${trailers.join("\r\n")}\r\nX-Kept: 1\r\n__proto__: 2\r\n\r\n`;
  assert.deepEqual((await fixture.send(post("Transfer-Encoding: chunked\r\n", body))).statuses, [200]);
  assert.deepEqual(fixture.takeRequests()[0]?.trailers, ["X-Kept: 1", "__proto__: 2"]);

  const keyless = post("Transfer-Encoding: chunked\r\n", body).replace(/Authorization: [^\r]*\r\n/, "");
  assert.deepEqual((await fixture.send(keyless)).statuses, [403]);
  assert.deepEqual(fixture.takeRequests(), []);
});
