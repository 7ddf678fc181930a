import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { HANG_MS, eventually } from "../harness/until.ts";
import { fieldOf, statusOf } from "../harness/raw-message.ts";
import { connectRaw, type RawPeer } from "../harness/raw-client.ts";
import type { GatewayOptions } from "../harness/gateway.ts";
import {
  jsonResponse,
  assertFields,
  chunk,
  contentEvent,
  get,
  lastChunk,
  lastEvents,
  post,
  startProxyFixture,
  streamHead,
  type ProxyFixture,
} from "../proxy/fixture.ts";

interface Stream {
  readonly client: RawPeer;
  readonly connection: RawPeer;
}

/** The fixture with running streams, each with its number in its events. */
async function streaming(t: TestContext, count: number, timeouts: GatewayOptions["config"]) {
  const fixture = await startProxyFixture(timeouts === undefined ? {} : { config: timeouts });
  t.after(async () => {
    if (fixture.gateway.pid > 0) fixture.gateway.signal("SIGKILL");
    await fixture.provider.stop();
    await fixture.gateway.stop();
  });
  const clients = await Promise.all(Array.from({ length: count }, () => fixture.client()));
  const requests = clients.map(() => fixture.provider.nextRequest());
  for (const client of clients) client.send(post());
  const connections = (await Promise.all(requests)).map((received) => received.connection);
  connections.forEach((connection, n) => connection.send(streamHead + chunk(contentEvent(n))));
  await Promise.all(clients.map((client) => client.waitFor("word")));
  // The number in the events tells which client has which upstream connection.
  const streams = connections.map((connection, n): Stream => {
    const client = clients.find((each) => each.text.includes(`"m-${n}"`));
    assert.ok(client);
    return { client, connection };
  });
  return { fixture, streams };
}

/** Waits until the gateway has logged that it is draining. */
async function draining(fixture: ProxyFixture): Promise<void> {
  const deadline = performance.now() + HANG_MS;
  while (!fixture.gateway.output().stdout.includes('"draining"')) {
    assert.ok(performance.now() < deadline, "never said that it is draining");
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}

async function isRejected(port: number): Promise<boolean> {
  return connectRaw(port).then(
    (client) => {
      client.destroy();
      return false;
    },
    (error: NodeJS.ErrnoException) => error.code === "ECONNREFUSED",
  );
}

test("R60: streams that are open at SIGTERM may finish; then the process exits with 0 and has every record", async (t) => {
  const { fixture, streams } = await streaming(t, 300, { timeouts: { drain_seconds: 600 } });
  const idle = await fixture.client();
  idle.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
  assert.equal(fieldOf(await idle.message(), "connection"), undefined);

  fixture.gateway.signal("SIGTERM");
  await draining(fixture);
  await idle.hasEnded();
  assert.equal(await isRejected(fixture.gateway.port), true, "no new connections");
  streams.forEach(({ connection }, n) => connection.send(chunk(lastEvents(n)) + lastChunk));
  await Promise.all(streams.map(({ client }) => client.message()));
  await Promise.all(streams.map(({ client }) => client.hasEnded()));
  // The drain time is longer than a test may take, so the process did not wait for its end.
  assert.equal(await fixture.gateway.exited(), 0);

  await fixture.gateway.stop();
  const records = await fixture.records(300);
  for (const record of records) assertFields(record, { error_type: null, usage_state: "final" });
  const counted = new Set(records.map((record) => record.input_tokens));
  assert.deepEqual(counted, new Set(streams.map((_, n) => 1_000_000 + n)));
});

test("R60: requests that are still running after the drain time are aborted and recorded as such", async (t) => {
  const { fixture, streams } = await streaming(t, 20, { timeouts: { drain_seconds: 0.5 } });
  const upgraded = await fixture.client();
  upgraded.send(get("/openai/v1/realtime", "Connection: Upgrade", "Upgrade: websocket"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  assert.equal(statusOf(await upgraded.head()), 101);

  fixture.gateway.signal("SIGTERM");
  await Promise.all(streams.map(({ client }) => client.hasEnded()));
  for (const { client } of streams) assert.ok(!client.text.includes(lastChunk));
  await Promise.all([
    ...streams.map((stream) => stream.connection.closedByPeer()),
    upgraded.hasEnded(),
    connection.closedByPeer(),
  ]);
  assert.equal(await fixture.gateway.exited(), 0);

  await fixture.gateway.stop();
  const records = await fixture.records(21);
  assert.deepEqual(new Set(records.map((record) => record.error_type)), new Set(["shutdown"]));
  assert.deepEqual(records.map((record) => record.operation).filter((operation) => operation === "session").length, 1);
  assert.deepEqual(new Set(records.map((record) => record.status)), new Set([200, 101]));
});

const secondSignals = { SIGTERM: 143, SIGINT: 130 } as const;

for (const [signal, code] of Object.entries(secondSignals)) {
  test(`R61: a second signal, ${signal}, ends a drain at once, with its records and exit code ${code}`, async (t) => {
    const { fixture } = await streaming(t, 20, { timeouts: { drain_seconds: 600 } });
    fixture.gateway.signal("SIGTERM");
    await draining(fixture);
    fixture.gateway.signal(signal as keyof typeof secondSignals); // as: the keys of the table
    assert.equal(await fixture.gateway.exited(), code);
    await fixture.gateway.stop();
    const records = await fixture.records(20);
    assert.deepEqual(new Set(records.map((record) => record.error_type)), new Set(["shutdown"]));
  });
}

test("during the drain delay new connections are served, each response closes its connection, and readiness is 503", async (t) => {
  const { fixture, streams } = await streaming(t, 1, { timeouts: { drain_delay_seconds: 600, drain_seconds: 600 } });
  fixture.gateway.signal("SIGTERM");
  await draining(fixture);
  const probe = async (path: string): Promise<string> => {
    const client = await fixture.client();
    client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const message = await client.message();
    return `${statusOf(message)} ${fieldOf(message, "connection")}`;
  };
  // The main thread's message takes a moment to reach the data worker.
  const deadline = performance.now() + HANG_MS;
  while ((await probe("/readyz")) !== "503 close") assert.ok(performance.now() < deadline, "still ready");
  assert.deepEqual([await probe("/healthz"), await probe("/livez")], ["200 close", "200 close"]);

  const late = await fixture.client();
  late.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(jsonResponse(5));
  assert.equal(fieldOf(await late.message(), "connection"), "close");
  await late.hasEnded();
  await fixture.record({ status: 200, model: "m-5" });

  // The rest of the delay is skipped, and the stream is aborted.
  fixture.gateway.signal("SIGTERM");
  assert.equal(await fixture.gateway.exited(), 143);
  await fixture.gateway.stop();
  await streams[0]?.client.hasEnded();
  await fixture.record({ error_type: "shutdown" });
});

test("a request whose head is complete only after LMGate has stopped listening is 503, and its connection closes", async (t) => {
  const { fixture, streams } = await streaming(t, 1, { timeouts: { drain_seconds: 600 } });
  const late = await fixture.client();
  const head = get("/openai/v1/models");
  // A health request and half a head in one write: once the one has its response, the other has been read.
  late.send(`GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n${head.slice(0, 20)}`);
  await late.message();
  fixture.gateway.signal("SIGTERM");
  await draining(fixture);
  await eventually("new connections are rejected", () => isRejected(fixture.gateway.port));

  late.send(head.slice(20));
  const rejection = await late.message();
  assert.equal(statusOf(rejection), 503);
  assert.equal(fieldOf(rejection, "x-lmgate-error"), "draining");
  assert.equal(fieldOf(rejection, "connection"), "close");
  late.end();
  await late.close();
  for (const { connection } of streams) connection.send(chunk(lastEvents(0)) + lastChunk);
  assert.equal(await fixture.gateway.exited(), 0);
});
