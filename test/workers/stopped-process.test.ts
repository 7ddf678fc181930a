import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { statusOf } from "../harness/raw-message.ts";
import {
  jsonResponse,
  chunk,
  contentEvent,
  lastChunk,
  post,
  startProxyFixture,
  streamHead,
  type ProxyFixture,
} from "../proxy/fixture.ts";

const timeoutSeconds = 2;
const stopSeconds = 3;

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture({
    config: { timeouts: { response_head_seconds: timeoutSeconds, stream_idle_seconds: timeoutSeconds } },
  });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

test("R96: a process that was stopped for longer than its timeouts times out no request when it continues", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(streamHead + chunk(contentEvent(6)));
  await client.waitFor("word");
  const waiting = await fixture.client();
  waiting.send(post());
  const late = await fixture.provider.nextRequest();

  fixture.gateway.signal("SIGSTOP");
  await delay(stopSeconds * 1_000);
  fixture.gateway.signal("SIGCONT");
  const health = await fixture.client();
  health.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
  await health.message();

  late.connection.send(jsonResponse(7));
  connection.send(chunk(contentEvent(6, "more ")) + lastChunk);
  await client.waitFor(lastChunk);
  assert.equal(statusOf(await waiting.message()), 200);
  const records = await fixture.records(2);
  assert.deepEqual(
    records.map((record) => record.error_type),
    [null, null],
  );
});
