// Tests `on_client_abort: drain`: the response of a client that left is read to its end, within limits, for its usage.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { FakedCall } from "../../harness/faker.ts";
import type { RawPeer } from "../../harness/raw-client.ts";
import { answer, chunk, contentEvent, get, lastChunk, lastEvents, post, request, startGateWorld } from "../fixture.ts";
import { streamHead, type GateWorld } from "../fixture.ts";

let world: GateWorld;
before(async () => {
  world = await startGateWorld({
    config: {
      accounting: { on_client_abort: "drain", drain_max_megabytes: 1, drain_seconds: 1, drain_concurrent: 2 },
    },
  });
});
afterEach(() => world.clear());
after(() => world.stop());

const learned = { model: "m-1", input_tokens: 1_000_001, output_tokens: 2_000_001 };
const drained = { error_type: "client_aborted", usage_state: "final", usage_reason: "drained" } as const;

async function calling(text = post()): Promise<{ client: RawPeer; call: FakedCall }> {
  const client = await world.client();
  client.send(text);
  return { client, call: await world.faker.call() };
}

/** A stream that has begun, and whose client LMGate knows to have left. */
async function abandonedStream(): Promise<FakedCall["connection"]> {
  const { client, call } = await calling();
  call.connection.send(streamHead + chunk(contentEvent(1)));
  await client.holds("word");
  client.end();
  await client.close();
  return call.connection;
}

test("the usage of a stream is read from its rest after the client has left", async () => {
  const connection = await abandonedStream();
  connection.send(chunk(contentEvent(1)) + chunk(lastEvents(1)) + lastChunk);
  await world.record({ ...learned, ...drained, status: 200 });
});

test("the usage of a request is read although its client left before the response, and no status is recorded", async () => {
  const { client, call } = await calling();
  client.end();
  await client.close();
  call.connection.send(answer(1));
  await world.record({ ...learned, ...drained, status: null });
});

test("the upstream connection of a drained response is reused", async () => {
  const { client, call } = await calling();
  client.end();
  await client.close();
  call.connection.send(answer(1));
  await world.record(drained);
  const next = await world.client();
  next.send(post());
  await call.connection.message();
  call.connection.send(answer(2));
  await next.message();
  await world.record({ model: "m-2", usage_state: "final", error_type: null });
});

test("a client that stopped reading before it left does not keep the rest from being read", async () => {
  const { client, call } = await calling();
  call.connection.send(streamHead + chunk(contentEvent(1)));
  await client.holds("word");
  client.pause();
  for (let n = 0; n < 9; n++) call.connection.send(chunk(contentEvent(1, "x".repeat(100_000))));
  client.end();
  client.resume();
  await client.close();
  call.connection.send(chunk(lastEvents(1)) + lastChunk);
  await world.record({ ...learned, ...drained, status: 200 });
});

test("a response larger than the limit is canceled", async () => {
  const connection = await abandonedStream();
  for (let n = 0; n < 12; n++) connection.send(chunk(contentEvent(1, "x".repeat(100_000))));
  await connection.gone();
  await world.record({ error_type: "client_aborted", usage_state: "aborted", output_tokens: null });
});

test("a response that takes longer than the limit is canceled", async () => {
  const connection = await abandonedStream();
  await connection.gone();
  await world.record({ error_type: "client_aborted", usage_state: "aborted" });
});

test("a drain beyond the concurrency limit is canceled at once", async () => {
  const first = await abandonedStream();
  const second = await abandonedStream();
  const third = await abandonedStream();
  await third.gone();
  await world.record({ usage_state: "aborted", usage_reason: "aborted" });
  for (const connection of [first, second]) connection.send(chunk(lastEvents(1)) + lastChunk);
  for (const record of await world.records(2)) assert.equal(record.usage_reason, "drained");
});

test("a response that is cut during its drain is partial, and its record says client_aborted", async () => {
  const connection = await abandonedStream();
  connection.send(chunk(contentEvent(1).replace('"choices"', '"usage":{"prompt_tokens":7},"choices"')));
  connection.reset();
  await world.record({ error_type: "client_aborted", usage_state: "partial", usage_reason: "cut", input_tokens: 7 });
});

test("a request whose body was not complete is canceled", async () => {
  const client = await world.client();
  client.send(post("x".repeat(1_000)).slice(0, -500));
  const connection = await world.faker.connection();
  await connection.holds("xxx");
  client.end();
  await connection.gone();
  await world.record({ error_type: "client_aborted", usage_state: "aborted" });
});

test("a request of a kind without usage is canceled", async () => {
  const { client, call } = await calling(get());
  client.end();
  await call.connection.gone();
  await world.record({ error_type: "client_aborted", usage_state: "not_applicable" });
});

test("a tunnel is never drained", async () => {
  const upgrade = ["Upgrade: websocket", "Connection: Upgrade"];
  const { client, call } = await calling(request("GET", "/openai/v1/responses", ...upgrade));
  client.reset();
  await call.connection.gone();
  await world.record({ error_type: "client_aborted" });
});

test("a provider's own setting takes precedence, and a gateway that stops does not wait for drains", async () => {
  const own = await startGateWorld({
    config: {
      accounting: { on_client_abort: "cancel" },
      providers: { openai: { upstream: world.faker.url, on_client_abort: "drain" } },
    },
  });
  const client = await own.client();
  client.send(post());
  const { connection } = await world.faker.call();
  connection.send(streamHead + chunk(contentEvent(1)));
  await client.holds("word");
  client.end();
  await client.close();
  own.gateway.signal("SIGTERM");
  await connection.gone();
  await own.gateway.exited();
  await own.record({ status: 200, error_type: "client_aborted", usage_state: "aborted" });
  await own.stop();
});
