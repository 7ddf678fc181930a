import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { statusOf } from "../../harness/raw-message.ts";
import {
  jsonResponse,
  expectedRecord,
  chunk,
  get,
  lastChunk,
  post,
  startProxyFixture,
  streamHead,
  type ProxyFixture,
} from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture({ config: { timeouts: { upstream_idle_seconds: 30 } } });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

test("an upstream connection carries one request after the other, from any client", async () => {
  const [one, other] = [await fixture.client(), await fixture.client()];
  one.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(jsonResponse(1));
  await one.message();
  await fixture.record(expectedRecord(1));
  other.send(post());
  await connection.message();
  connection.send(jsonResponse(2));
  assert.match((await other.message()).body.toString(), /m-2"/);
  await fixture.record(expectedRecord(2));
  one.send(get());
  await connection.message();
  connection.send(`${streamHead}${chunk("data: 1\n\n")}${lastChunk}`);
  await one.message();
  await fixture.record({ status: 200 });
  assert.equal(fixture.provider.pending, 0);
});

test("two requests at once have two upstream connections", async () => {
  const [one, other] = [await fixture.client(), await fixture.client()];
  one.send(post());
  const first = await fixture.provider.nextRequest();
  other.send(post());
  const second = await fixture.provider.nextRequest();
  second.connection.send(jsonResponse(4));
  assert.match((await other.message()).body.toString(), /m-4"/);
  first.connection.send(jsonResponse(3));
  assert.match((await one.message()).body.toString(), /m-3"/);
  const records = await fixture.records(2);
  assert.deepEqual(
    records.map((record) => record.model),
    ["m-4", "m-3"],
  );
});

const endings: Readonly<Record<string, string>> = {
  "says Connection: close": jsonResponse(5, "Connection: close"),
  "is HTTP/1.0": jsonResponse(5).replace("HTTP/1.1", "HTTP/1.0"),
  "means to hold it for a second at most": jsonResponse(5, "Keep-Alive: timeout=1"),
};

for (const [what, bytes] of Object.entries(endings)) {
  test(`a connection whose response ${what} is not reused, but the client's is`, async () => {
    const client = await fixture.client();
    client.send(post());
    const first = await fixture.provider.nextRequest();
    first.connection.send(bytes);
    assert.equal(statusOf(await client.message()), 200);
    await first.connection.hasEnded();
    await fixture.record(expectedRecord(5));
    client.send(post());
    const second = await fixture.provider.nextRequest();
    second.connection.send(jsonResponse(6));
    assert.equal(statusOf(await client.message()), 200);
    await fixture.record(expectedRecord(6));
  });
}

test("an idle connection is closed before the upstream's Keep-Alive timeout", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(jsonResponse(7, "Keep-Alive: timeout=2"));
  await client.message();
  await fixture.record(expectedRecord(7));
  await connection.hasEnded();
  assert.equal(connection.wasReset, false);
});

test("the upstream's Connection and Keep-Alive fields do not reach the client", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(
    jsonResponse(8, "Connection: close, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=9", "Proxy-Authenticate: x"),
  );
  await client.message();
  assert.equal(client.text, jsonResponse(8));
  await fixture.record(expectedRecord(8));
});

test("a connection in steady use is replaced when it is old enough, and no request fails", async () => {
  const aged = await startProxyFixture({ config: { timeouts: { upstream_max_age_seconds: 0.3 } } });
  const client = await aged.client();
  let sent = 0;
  const roundTrip = async (connection: { send(text: string): void }): Promise<void> => {
    connection.send(jsonResponse(1));
    assert.equal(statusOf(await client.message()), 200);
    client.send(post());
    sent++;
  };
  client.send(post());
  const { connection } = await aged.provider.nextRequest();
  const second = aged.provider.nextRequest();
  await roundTrip(connection);
  // The requests follow each other without a pause, so the connection is never idle for long.
  for (;;) {
    const message = await Promise.race([connection.message().catch(() => undefined), second.then(() => undefined)]);
    if (message === undefined) break;
    await roundTrip(connection);
  }
  const next = await second;
  next.connection.send(jsonResponse(2));
  assert.match((await client.message()).body.toString(), /m-2"/);
  await aged.records(sent + 1);
  await aged.clear();
  await aged.stop();
});
