import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { RawPeer } from "../../harness/raw-client.ts";
import { chunk, contentEvent, get, post, startProxyFixture, streamHead, type ProxyFixture } from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

/** How a closed laptop, a cancelled fetch and a crash look to LMGate. */
const leaving: Readonly<Record<string, (client: RawPeer) => void>> = {
  "a FIN": (client) => client.end(),
  "a reset": (client) => client.reset(),
  "a close": (client) => client.destroy(),
};

for (const [how, leave] of Object.entries(leaving)) {
  test(`R36: ${how} after the request line or within the head opens no upstream connection and leaves no record`, async () => {
    for (const part of ["GET /openai/v1/models HTTP/1.1\r\n", get().slice(0, -2)]) {
      const client = await fixture.client();
      client.send(part);
      leave(client);
      await client.close().catch(() => client.hasEnded());
    }
    assert.equal(fixture.provider.pending, 0);
  });

  test(`R36: ${how} within the body closes the upstream connection`, async () => {
    const client = await fixture.client();
    client.send(post("x".repeat(1_000)).slice(0, -500));
    const connection = await fixture.provider.nextConnection();
    await connection.waitFor("xxx");
    leave(client);
    await connection.closedByPeer();
    await fixture.record({ status: null, error_type: "client_aborted", usage_state: "aborted", request_bytes: 500 });
  });

  test(`R37: ${how} before the first byte of the response closes the upstream connection`, async () => {
    const client = await fixture.client();
    client.send(post());
    const { connection } = await fixture.provider.nextRequest();
    leave(client);
    await connection.closedByPeer();
    await fixture.record({ status: null, error_type: "client_aborted", usage_state: "aborted" });
  });

  test(`R38: ${how} within a stream closes the upstream connection`, async () => {
    const client = await fixture.client();
    client.send(post());
    const { connection } = await fixture.provider.nextRequest();
    connection.send(streamHead + chunk(contentEvent(1)));
    await client.waitFor("word");
    leave(client);
    await connection.closedByPeer();
    await fixture.record({ status: 200, model: "m-1", error_type: "client_aborted", usage_state: "aborted" });
  });
}

test("R37: a client that leaves while LMGate is connecting is recorded once", async () => {
  const client = await fixture.client();
  client.send(post());
  client.reset();
  await fixture.record({ status: null, error_type: "client_aborted" });
});

test("R38: 100 clients that leave their streams together close 100 upstream connections and have 100 records", async () => {
  const clients = await Promise.all(Array.from({ length: 100 }, () => fixture.client()));
  const requests = clients.map(() => fixture.provider.nextRequest());
  clients.forEach((client) => client.send(post()));
  const connections = (await Promise.all(requests)).map((received) => received.connection);
  connections.forEach((connection, n) => connection.send(streamHead + chunk(contentEvent(n))));
  await Promise.all(clients.map((client) => client.waitFor("word")));
  clients.forEach((client) => client.destroy());
  await Promise.all(connections.map((connection) => connection.closedByPeer()));
  const records = await fixture.records(100);
  assert.deepEqual(new Set(records.map((record) => record.error_type)), new Set(["client_aborted"]));
  assert.equal(new Set(records.map((record) => record.model)).size, 100);
});

test("R39: the gateway responds while 20 clients with 2 MB in transit leave at once", async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => fixture.client()));
  const pending = clients.map(() => fixture.provider.nextRequest());
  clients.forEach((client) => client.send(post()));
  const connections = (await Promise.all(pending)).map((each) => each.connection);
  const event = chunk(contentEvent(1, "x".repeat(2_000_000)));
  connections.forEach((connection) => connection.send(streamHead + event));
  await Promise.all(clients.map((client) => client.waitFor("xxx")));
  clients.forEach((client) => client.destroy());
  const other = await fixture.client();
  other.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
  assert.equal((await other.message()).body.toString(), "ok");
  await Promise.all(connections.map((connection) => connection.closedByPeer()));
  const records = await fixture.records(20);
  assert.ok(records.every((record) => record.error_type === "client_aborted" || record.error_type === null));
});

test("R40: a client that half-closes its connection and still reads counts as having left", async () => {
  const client = await fixture.client();
  client.send(post());
  client.end();
  await client.close();
  assert.equal(client.text, "");
  await fixture.record({ status: null, error_type: "client_aborted" });
});

test("a client that half-closes its connection after a complete response has not aborted", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(`${streamHead}${chunk("data: [DONE]\n\n")}0\r\n\r\n`);
  await client.message();
  client.end();
  await client.close();
  assert.equal(client.wasReset, false);
  await fixture.record({ status: 200, error_type: null });
});
