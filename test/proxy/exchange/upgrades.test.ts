import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { fieldOf, statusOf } from "../../harness/raw-message.ts";
import type { RawPeer } from "../../harness/raw-client.ts";
import { testKey } from "../../harness/gateway.ts";
import { jsonResponse, assertErrorResponse, get, post, startProxyFixture, type ProxyFixture } from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const path = "/openai/v1/realtime?model=m-0";
const upgrade = get(path, "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: abc");
const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-A: b\r\n\r\n";
const session = { operation: "session", usage_state: "not_applicable", input_tokens: null } as const;

interface Pair {
  readonly client: RawPeer;
  readonly connection: RawPeer;
}

async function tunnel(): Promise<Pair> {
  const client = await fixture.client();
  client.send(upgrade);
  const { connection } = await fixture.provider.nextRequest();
  connection.send(switching);
  assert.equal(statusOf(await client.head()), 101);
  return { client, connection };
}

test("S36: an upgrade without a key is 403 and opens no upstream connection", async () => {
  const client = await fixture.client();
  client.send(upgrade.replace(testKey.key, "sk-absent-0123456789"));
  assertErrorResponse(await client.message(), 403, "forbidden");
  assert.equal(fixture.provider.pending, 0);
});

test("S36: an upgrade is forwarded, and after a 101 bytes flow both ways unchanged", async () => {
  const client = await fixture.client();
  client.send(upgrade);
  const { connection, request } = await fixture.provider.nextRequest();
  assert.equal(fieldOf(request, "upgrade"), "websocket");
  assert.equal(fieldOf(request, "connection"), "Upgrade");
  assert.equal(fieldOf(request, "sec-websocket-key"), "abc");
  connection.send(`${switching}first\x00\xff`);
  const head = await client.head();
  assert.equal(fieldOf(head, "upgrade"), "websocket");
  assert.equal(fieldOf(head, "connection"), "Upgrade");
  assert.equal(fieldOf(head, "x-a"), "b");
  await client.waitFor("first\x00\xff");
  client.send("GET /not/a/request HTTP/1.1\r\n\r\n");
  await connection.waitFor("GET /not/a/request HTTP/1.1\r\n\r\n");
  client.end();
  await connection.closedByPeer();
  await client.close();
  await fixture.record({ ...session, status: 101, error_type: null, request_bytes: 31, response_bytes: 7 });
});

test("S36: bytes that a client sends before the 101 wait for it", async () => {
  const client = await fixture.client();
  client.send(`${upgrade}early`);
  const { connection } = await fixture.provider.nextRequest();
  client.send(" bytes");
  connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
  await client.head();
  assert.equal(connection.unread.length, 0);
  connection.send(switching);
  await connection.waitFor("early bytes");
  client.end();
  await connection.closedByPeer();
  await fixture.record({ ...session, status: 101 });
});

for (const status of [200, 400, 426]) {
  test(`S36: a ${status} instead of the 101 is an ordinary response, and early bytes are not forwarded`, async () => {
    const client = await fixture.client();
    client.send(`${upgrade}${get("/openai/v1/smuggled")}`);
    const { connection } = await fixture.provider.nextRequest();
    connection.send(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`);
    const rejection = await client.message();
    assert.equal(statusOf(rejection), status);
    assert.equal(fieldOf(rejection, "connection"), "close");
    await client.hasEnded();
    assert.ok(!connection.text.includes("smuggled"));
    assert.equal(fixture.provider.pending, 0);
    await fixture.record({ status, operation: "realtime" });
  });
}

test("S36: a client whose upgrade was declined can reuse its connection", async () => {
  const client = await fixture.client();
  client.send(upgrade);
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno");
  assert.equal(statusOf(await client.message()), 400);
  await fixture.record({ status: 400 });
  client.send(post());
  await connection.message();
  connection.send(jsonResponse(1));
  assert.equal(statusOf(await client.message()), 200);
  await fixture.record({ status: 200, model: "m-1" });
});

for (const protocol of ["h2c", "H2C", "websocket, h2c", "h2"]) {
  test(`S36: an upgrade to ${protocol} is forwarded as a plain request`, async () => {
    const client = await fixture.client();
    client.send(get(path, "Connection: Upgrade, HTTP2-Settings", `Upgrade: ${protocol}`, "HTTP2-Settings: AAA"));
    const { connection, request } = await fixture.provider.nextRequest();
    for (const name of ["upgrade", "connection", "http2-settings"]) assert.equal(fieldOf(request, name), undefined);
    connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
    assertErrorResponse(await client.message(), 502, "upstream_invalid");
    await fixture.record({ status: 502, error_type: "upstream_invalid" });
  });
}

test("an end of the upstream's side is forwarded, and the client can still finish its own", async () => {
  const { client, connection } = await tunnel();
  connection.send("last words");
  connection.end();
  await client.hasEnded();
  client.send("reply");
  await connection.waitFor("reply");
  client.end();
  await connection.hasEnded();
  await client.close();
  assert.equal(client.wasReset, false);
  await fixture.record({ ...session, status: 101, error_type: null });
});

test("an end of the client's side is forwarded, and the upstream can still finish its own", async () => {
  const { client, connection } = await tunnel();
  client.end();
  await connection.hasEnded();
  connection.send("the rest");
  await client.waitFor("the rest");
  connection.end();
  await client.close();
  assert.equal(client.wasReset, false);
  await fixture.record({ ...session, status: 101, error_type: null });
});

test("a reset by the upstream resets the client's connection, and its record says so", async () => {
  const { client, connection } = await tunnel();
  connection.reset();
  await client.close();
  assert.equal(client.wasReset, true);
  await fixture.record({ ...session, status: 101, error_type: "upstream_reset" });
});

test("a reset by the client closes the upstream connection", async () => {
  const { client, connection } = await tunnel();
  client.reset();
  await connection.closedByPeer();
  await fixture.record({ ...session, status: 101 });
});

test("an upgrade whose upstream resets before the 101 is 502", async () => {
  const client = await fixture.client();
  client.send(upgrade);
  const { connection } = await fixture.provider.nextRequest();
  connection.reset();
  assertErrorResponse(await client.message(), 502, "upstream_reset");
  await fixture.record({ status: 502, error_type: "upstream_reset" });
  assert.equal(fixture.provider.pending, 0, "an upgrade is not tried again");
});
