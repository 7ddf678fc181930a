import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { statusOf } from "../../harness/raw-message.ts";
import {
  answer,
  answered,
  chunk,
  get,
  lastChunk,
  post,
  startGateWorld,
  streamHead,
  type GateWorld,
} from "../fixture.ts";

let world: GateWorld;
before(async () => {
  world = await startGateWorld({ config: { timeouts: { upstream_idle_seconds: 30 } } });
});
afterEach(() => world.clear());
after(() => world.stop());

test("an upstream connection carries one request after the other, from any client", async () => {
  const [one, other] = [await world.client(), await world.client()];
  one.send(post());
  const { connection } = await world.faker.call();
  connection.send(answer(1));
  await one.message();
  await world.record(answered(1));
  other.send(post());
  await connection.message();
  connection.send(answer(2));
  assert.match((await other.message()).body.toString(), /m-2"/);
  await world.record(answered(2));
  one.send(get());
  await connection.message();
  connection.send(`${streamHead}${chunk("data: 1\n\n")}${lastChunk}`);
  await one.message();
  await world.record({ status: 200 });
  assert.equal(world.faker.untaken, 0);
});

test("two requests at once have two upstream connections", async () => {
  const [one, other] = [await world.client(), await world.client()];
  one.send(post());
  const first = await world.faker.call();
  other.send(post());
  const second = await world.faker.call();
  second.connection.send(answer(4));
  assert.match((await other.message()).body.toString(), /m-4"/);
  first.connection.send(answer(3));
  assert.match((await one.message()).body.toString(), /m-3"/);
  const records = await world.records(2);
  assert.deepEqual(
    records.map((record) => record.model),
    ["m-4", "m-3"],
  );
});

const endings: Readonly<Record<string, string>> = {
  "says Connection: close": answer(5, "Connection: close"),
  "is HTTP/1.0": answer(5).replace("HTTP/1.1", "HTTP/1.0"),
  "means to hold it for a second at most": answer(5, "Keep-Alive: timeout=1"),
};

for (const [what, bytes] of Object.entries(endings)) {
  test(`a connection whose response ${what} is not reused, but the client's is`, async () => {
    const client = await world.client();
    client.send(post());
    const first = await world.faker.call();
    first.connection.send(bytes);
    assert.equal(statusOf(await client.message()), 200);
    await first.connection.hasEnded();
    await world.record(answered(5));
    client.send(post());
    const second = await world.faker.call();
    second.connection.send(answer(6));
    assert.equal(statusOf(await client.message()), 200);
    await world.record(answered(6));
  });
}

test("an idle connection is closed before the upstream's Keep-Alive timeout", async () => {
  const client = await world.client();
  client.send(post());
  const { connection } = await world.faker.call();
  connection.send(answer(7, "Keep-Alive: timeout=2"));
  await client.message();
  await world.record(answered(7));
  await connection.hasEnded();
  assert.equal(connection.wasReset, false);
});

test("the upstream's Connection and Keep-Alive fields do not reach the client", async () => {
  const client = await world.client();
  client.send(post());
  const { connection } = await world.faker.call();
  connection.send(answer(8, "Connection: close, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=9", "Proxy-Authenticate: x"));
  await client.message();
  assert.equal(client.text, answer(8));
  await world.record(answered(8));
});
