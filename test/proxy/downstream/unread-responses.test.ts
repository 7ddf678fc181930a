// Tests `on_client_abort: drain`: the response of a client that left is read to its end, within limits, for its usage.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { ReceivedRequest } from "../../harness/scripted-provider.ts";
import type { RawPeer } from "../../harness/raw-client.ts";
import {
  jsonResponse,
  chunk,
  contentEvent,
  get,
  lastChunk,
  lastEvents,
  post,
  request,
  startProxyFixture,
} from "../fixture.ts";
import { streamHead, type ProxyFixture } from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture({
    config: {
      accounting: { on_client_abort: "drain", drain_max_megabytes: 1, drain_seconds: 1, drain_concurrent: 2 },
    },
  });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const learned = { model: "m-1", input_tokens: 1_000_001, output_tokens: 2_000_001 };
const drained = { error_type: "client_aborted", usage_state: "final", usage_reason: "drained" } as const;

async function startRequest(text = post()): Promise<{ client: RawPeer; received: ReceivedRequest }> {
  const client = await fixture.client();
  client.send(text);
  return { client, received: await fixture.provider.nextRequest() };
}

/** A stream that has begun, and whose client LMGate knows to have left. */
async function streamWithoutClient(): Promise<ReceivedRequest["connection"]> {
  const { client, received } = await startRequest();
  received.connection.send(streamHead + chunk(contentEvent(1)));
  await client.waitFor("word");
  client.end();
  await client.close();
  return received.connection;
}

test("the usage of a stream is read from its rest after the client has left", async () => {
  const connection = await streamWithoutClient();
  connection.send(chunk(contentEvent(1)) + chunk(lastEvents(1)) + lastChunk);
  await fixture.record({ ...learned, ...drained, status: 200 });
});

test("the usage of a request is read although its client left before the response, and no status is recorded", async () => {
  const { client, received: exchange } = await startRequest();
  client.end();
  await client.close();
  exchange.connection.send(jsonResponse(1));
  await fixture.record({ ...learned, ...drained, status: null });
});

test("the upstream connection of a drained response is reused", async () => {
  const { client, received: exchange } = await startRequest();
  client.end();
  await client.close();
  exchange.connection.send(jsonResponse(1));
  await fixture.record(drained);
  const next = await fixture.client();
  next.send(post());
  await exchange.connection.message();
  exchange.connection.send(jsonResponse(2));
  await next.message();
  await fixture.record({ model: "m-2", usage_state: "final", error_type: null });
});

test("a client that stopped reading before it left does not keep the rest from being read", async () => {
  const { client, received: exchange } = await startRequest();
  exchange.connection.send(streamHead + chunk(contentEvent(1)));
  await client.waitFor("word");
  client.pause();
  for (let n = 0; n < 9; n++) exchange.connection.send(chunk(contentEvent(1, "x".repeat(100_000))));
  client.end();
  client.resume();
  await client.close();
  exchange.connection.send(chunk(lastEvents(1)) + lastChunk);
  await fixture.record({ ...learned, ...drained, status: 200 });
});

test("a response larger than the limit is canceled", async () => {
  const connection = await streamWithoutClient();
  for (let n = 0; n < 12; n++) connection.send(chunk(contentEvent(1, "x".repeat(100_000))));
  await connection.closedByPeer();
  await fixture.record({ error_type: "client_aborted", usage_state: "aborted", output_tokens: null });
});

test("a response that takes longer than the limit is canceled", async () => {
  const connection = await streamWithoutClient();
  await connection.closedByPeer();
  await fixture.record({ error_type: "client_aborted", usage_state: "aborted" });
});

test("a drain beyond the concurrency limit is canceled at once", async () => {
  const first = await streamWithoutClient();
  const second = await streamWithoutClient();
  const third = await streamWithoutClient();
  await third.closedByPeer();
  await fixture.record({ usage_state: "aborted", usage_reason: "aborted" });
  for (const connection of [first, second]) connection.send(chunk(lastEvents(1)) + lastChunk);
  for (const record of await fixture.records(2)) assert.equal(record.usage_reason, "drained");
});

test("a response that is cut during its drain is partial, and its record says client_aborted", async () => {
  const connection = await streamWithoutClient();
  connection.send(chunk(contentEvent(1).replace('"choices"', '"usage":{"prompt_tokens":7},"choices"')));
  connection.reset();
  await fixture.record({ error_type: "client_aborted", usage_state: "partial", usage_reason: "cut", input_tokens: 7 });
});

test("a request whose body was not complete is canceled", async () => {
  const client = await fixture.client();
  client.send(post("x".repeat(1_000)).slice(0, -500));
  const connection = await fixture.provider.nextConnection();
  await connection.waitFor("xxx");
  client.end();
  await connection.closedByPeer();
  await fixture.record({ error_type: "client_aborted", usage_state: "aborted" });
});

test("a request of a kind without usage is canceled", async () => {
  const { client, received: exchange } = await startRequest(get());
  client.end();
  await exchange.connection.closedByPeer();
  await fixture.record({ error_type: "client_aborted", usage_state: "not_applicable" });
});

test("a tunnel is never drained", async () => {
  const upgrade = ["Upgrade: websocket", "Connection: Upgrade"];
  const { client, received: exchange } = await startRequest(request("GET", "/openai/v1/responses", ...upgrade));
  client.reset();
  await exchange.connection.closedByPeer();
  await fixture.record({ error_type: "client_aborted" });
});

test("a provider's own setting takes precedence, and a gateway that stops does not wait for drains", async () => {
  const own = await startProxyFixture({
    config: {
      accounting: { on_client_abort: "cancel" },
      providers: { openai: { upstream: fixture.provider.url, on_client_abort: "drain" } },
    },
  });
  const client = await own.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(streamHead + chunk(contentEvent(1)));
  await client.waitFor("word");
  client.end();
  await client.close();
  own.gateway.signal("SIGTERM");
  await connection.closedByPeer();
  await own.gateway.exited();
  await own.record({ status: 200, error_type: "client_aborted", usage_state: "aborted" });
  await own.stop();
});
