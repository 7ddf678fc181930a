import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { RawPeer } from "../../harness/raw-client.ts";
import { get, startProxyFixture, type ProxyFixture } from "../fixture.ts";
import { piece, writeUntilClosed } from "../downstream/write-until-stuck.ts";

const stallSeconds = 3;
/** Shorter than the write stall timeout, so that the test shows it if this one runs while the upstream is paused. */
const idleSeconds = 2;

let fixture: ProxyFixture;
before(async () => {
  const timeouts = { client_write_stall_seconds: stallSeconds, stream_idle_seconds: idleSeconds };
  fixture = await startProxyFixture({ config: { timeouts } });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

async function tunnel(): Promise<{ readonly client: RawPeer; readonly connection: RawPeer }> {
  const client = await fixture.client();
  client.send(get("/openai/v1/realtime", "Connection: Upgrade", "Upgrade: other"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n");
  await client.head();
  return { client, connection };
}

test("R42: a client of a tunnel that reads nothing is disconnected at the timeout, and not before", async () => {
  const { client, connection } = await tunnel();
  client.pause();
  void writeUntilClosed(connection, piece);
  await connection.close();
  const record = await fixture.record({ status: 101, error_type: "client_aborted", operation: "session" });
  assert.ok((record.duration_ms ?? 0) >= stallSeconds * 1_000);
});

test("an upstream of a tunnel that reads nothing is told apart from a client that reads nothing", async () => {
  const { client, connection } = await tunnel();
  connection.pause();
  void writeUntilClosed(client, piece);
  await client.close();
  connection.resume();
  await connection.closedByPeer();
  await fixture.record({ status: 101, error_type: "upstream_timeout", operation: "session" });
});
