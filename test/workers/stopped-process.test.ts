import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { statusOf } from "../harness/raw-message.ts";
import {
  answer,
  chunk,
  contentEvent,
  lastChunk,
  post,
  startGateWorld,
  streamHead,
  type GateWorld,
} from "../proxy/fixture.ts";

const timeoutSeconds = 2;
const stopSeconds = 3;

let world: GateWorld;
before(async () => {
  world = await startGateWorld({
    config: { timeouts: { response_head_seconds: timeoutSeconds, stream_idle_seconds: timeoutSeconds } },
  });
});
afterEach(() => world.clear());
after(() => world.stop());

test("R96: a process that was stopped for longer than its timeouts times out no request when it continues", async () => {
  const client = await world.client();
  client.send(post());
  const { connection } = await world.faker.call();
  connection.send(streamHead + chunk(contentEvent(6)));
  await client.holds("word");
  const waiting = await world.client();
  waiting.send(post());
  const late = await world.faker.call();

  world.gateway.signal("SIGSTOP");
  await delay(stopSeconds * 1_000);
  world.gateway.signal("SIGCONT");
  const health = await world.client();
  health.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
  await health.message();

  late.connection.send(answer(7));
  connection.send(chunk(contentEvent(6, "more ")) + lastChunk);
  await client.holds(lastChunk);
  assert.equal(statusOf(await waiting.message()), 200);
  const records = await world.records(2);
  assert.deepEqual(
    records.map((record) => record.error_type),
    [null, null],
  );
});
