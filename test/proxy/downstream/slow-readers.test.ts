import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { testKey } from "../../harness/gateway.ts";
import { piece, writeUntilClosed, writeUntilStuck } from "./write-until-stuck.ts";
import { jsonResponse, get, post, request, startProxyFixture, type ProxyFixture } from "../fixture.ts";

const stallSeconds = 1;
let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture({ config: { timeouts: { client_write_stall_seconds: stallSeconds } } });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const total = 64 * 1024 * 1024;
test("R41: while the client does not read, LMGate does not read from the upstream", async () => {
  const slow = await fixture.client();
  slow.pause();
  slow.send(get());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
  const accepted = await writeUntilStuck(fixture, connection, piece, total);
  assert.ok(accepted < total / 2, `${accepted} bytes were taken`);

  const other = await fixture.client();
  other.send(post());
  const received = await fixture.provider.nextRequest();
  received.connection.send(jsonResponse(1));
  await other.message();
  await fixture.record({ status: 200, model: "m-1" });

  slow.reset();
  await connection.close();
  await fixture.record({ status: 200, error_type: "client_aborted" });
});

test("R41: a client that reads after a pause gets every byte", async () => {
  const client = await fixture.client();
  client.send(get());
  const { connection } = await fixture.provider.nextRequest();
  const size = 8 * 1024 * 1024;
  const body = Buffer.alloc(size, "0123456789abcdef!");
  client.pause();
  connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  connection.send(body);
  assert.equal(connection.socket.writableNeedDrain, true);
  client.resume();
  assert.ok((await client.message()).body.equals(body));
  await fixture.record({ status: 200, error_type: null, response_bytes: size });
});

test("R42: a client that reads nothing until the timeout is disconnected, and so is the upstream", async () => {
  const client = await fixture.client();
  client.pause();
  client.send(get());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
  void writeUntilClosed(connection, piece);
  await connection.close();
  const record = await fixture.record({ status: 200, error_type: "client_aborted" });
  assert.ok((record.duration_ms ?? 0) >= stallSeconds * 1_000);
});

test("while the upstream does not read, LMGate does not read from the client", async () => {
  const client = await fixture.client();
  client.send(request("POST", "/openai/v1/files", `Content-Length: ${total}`));
  const connection = await fixture.provider.nextConnection();
  await connection.head();
  connection.pause();
  const accepted = await writeUntilStuck(fixture, client, piece, total);
  assert.ok(accepted < total / 2, `${accepted} bytes were taken`);
  client.reset();
  connection.resume();
  await connection.closedByPeer();
  await fixture.record({ status: null, error_type: "client_aborted" });
});

const unread = {
  rejections: get("/openai/v1/models").replace(testKey.key, "sk-absent-0123456789"),
  "health responses": "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
} as const;

test("pipelined requests are read only up to a limit", async () => {
  const client = await fixture.client();
  client.send(get());
  const { connection } = await fixture.provider.nextRequest();
  const accepted = await writeUntilStuck(fixture, client, Buffer.from(unread.rejections.repeat(500)), total);
  assert.ok(accepted < total / 2, `${accepted} bytes were taken`);
  client.reset();
  connection.send(jsonResponse(2));
  await fixture.record({ status: 200 });
});

for (const [what, bytes] of Object.entries(unread)) {
  test(`LMGate reads no further requests from a client that does not read its ${what}`, async () => {
    const client = await fixture.client();
    client.pause();
    const accepted = await writeUntilStuck(fixture, client, Buffer.from(bytes.repeat(500)), total);
    assert.ok(accepted < total / 2, `${accepted} bytes were taken`);
    await client.until(
      "the end of a connection that takes nothing",
      () => client.wasReset || client.closed || undefined,
    );
  });
}
