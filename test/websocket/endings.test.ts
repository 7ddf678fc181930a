import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, afterEach, before, test } from "node:test";
import zlib from "node:zlib";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { assertFields, get, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import { statusOf } from "../harness/raw-message.ts";
import { apart, converse, type Conversation } from "./conversation.ts";
import { closeFrame, frame } from "./frames.ts";
import { audioDelta, realtimeUsage, responseCreated, responseDone, responsesUsage, snapshot } from "./openai-events.ts";

let world: ProxyFixture;
before(async () => {
  world = await startProxyFixture();
});
afterEach(() => world.clear());
after(() => world.stop());

const path = "/openai/v1/realtime?model=gpt-realtime";
const google = "/openai/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent";

/** A session in the middle of its second response. */
async function midway(): Promise<Conversation> {
  const talk = await converse(world, { path });
  talk.say("server", responseCreated("resp_1"));
  talk.say("server", responseDone("resp_1", realtimeUsage(100, 50)));
  talk.say("server", responseCreated("resp_2"));
  talk.say("server", audioDelta("resp_2"));
  await talk.arrived();
  return talk;
}

async function halves(): Promise<{ readonly cut: RequestRecord; readonly closing: RequestRecord }> {
  const { closing, pieces } = apart(await world.records(3));
  const [whole, cut] = pieces;
  assert.ok(whole && cut);
  assertFields(whole, { response_id: "resp_1", input_tokens: 100, usage_state: "final", error_type: null });
  assertFields(cut, { response_id: "resp_2", input_tokens: null, usage_source: "none", operation: "realtime" });
  return { cut, closing };
}

const left = { usage_state: "aborted", usage_reason: "aborted", error_type: "client_aborted" } as const;
const broken = { usage_state: "missing", usage_reason: "cut", error_type: "upstream_reset" } as const;

test("a client that says good-bye in the middle of a response aborts it, and the session ended well", async () => {
  const talk = await midway();
  await talk.close("client", 1001);
  const { cut, closing } = await halves();
  assertFields(cut, left);
  assertFields(closing, { error_type: null, close_code: 1001 });
});

test("a client that vanishes aborts the response and the session", async () => {
  for (const vanish of ["reset", "end"] as const) {
    const talk = await midway();
    talk.client[vanish]();
    await talk.upstream.closedByPeer();
    const { cut, closing } = await halves();
    assertFields(cut, left);
    assertFields(closing, { error_type: "client_aborted", close_code: undefined });
  }
});

test("an upstream that vanishes cuts the response and the session", async () => {
  for (const vanish of ["reset", "end"] as const) {
    const talk = await midway();
    talk.upstream[vanish]();
    await talk.client.closedByPeer();
    const { cut, closing } = await halves();
    assertFields(cut, broken);
    assertFields(closing, { error_type: "upstream_reset", close_code: undefined });
  }
});

test("an upstream that says good-bye and then resets the connection ended the session well", async () => {
  const talk = await midway();
  talk.send("server", closeFrame("server", 1001));
  await talk.arrived();
  talk.upstream.reset();
  await talk.client.closedByPeer();
  const { cut, closing } = await halves();
  assertFields(cut, broken);
  assertFields(closing, { error_type: null, close_code: 1001 });
});

test("a turn whose counters were told before the session broke keeps them, and says that they are not all", async () => {
  for (const [side, expected] of [
    ["client", { usage_state: "aborted", error_type: "client_aborted" }],
    ["upstream", { usage_state: "partial", error_type: "upstream_reset", usage_reason: "cut" }],
  ] as const) {
    const talk = await converse(world, { path: google });
    const usageMetadata = { promptTokenCount: 70, candidatesTokenCount: 3, totalTokenCount: 73 };
    talk.say("server", { serverContent: { modelTurn: { parts: [] } }, usageMetadata });
    await talk.arrived();
    talk[side].reset();
    await (side === "client" ? talk.upstream : talk.client).closedByPeer();
    const [turn] = apart(await world.records(2)).pieces;
    assert.ok(turn);
    assertFields(turn, { ...expected, input_tokens: 70, output_tokens: 3, usage_source: "websocket" });
  }
});

test("a response that was cut on a socket counts when it is fetched, once", async () => {
  const talk = await converse(world, { path: "/openai/v1/responses" });
  talk.say("server", snapshot("response.created", "resp_cut", { status: "in_progress", usage: null }));
  await talk.arrived();
  talk.upstream.reset();
  await talk.client.closedByPeer();
  const [cut] = apart(await world.records(2)).pieces;
  assert.ok(cut);
  assertFields(cut, { ...broken, response_id: "resp_cut" });

  for (const expected of [
    { usage_state: "final", input_tokens: 90 },
    { usage_state: "replay", input_tokens: 90 },
  ] as const) {
    const client = await world.client();
    client.send(get("/openai/v1/responses/resp_cut"));
    const { connection } = await world.provider.nextRequest();
    const stored = { id: "resp_cut", object: "response", status: "completed", usage: responsesUsage(90, 9) };
    const body = JSON.stringify(stored);
    const head = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    connection.send(`${head}\r\n\r\n${body}`);
    assert.equal(statusOf(await client.message()), 200);
    connection.end();
    await world.record(expected);
  }
});

/** What follows a fault passes untouched and is recorded as unread. */
async function assertBlind(talk: Conversation, reason: string): Promise<void> {
  talk.say("server", responseDone("resp_9", realtimeUsage(100, 50)));
  talk.say("client", { type: "response.create" });
  await talk.arrived();
  await talk.close();
  const { closing, pieces } = apart(await world.records(1));
  assert.deepEqual(pieces, []);
  assert.equal(closing.usage_reason, reason);
}

test("frames that break the rules end the reading of the session, not the session", async () => {
  const talk = await converse(world, { path });
  talk.send("server", Buffer.from("not a frame at all"));
  await assertBlind(talk, "unparsable");
});

test("frames of the client's that break the rules leave the server's to be read", async () => {
  const talk = await converse(world, { path });
  talk.send("client", Buffer.from("not a frame at all"));
  await talk.arrived();
  talk.say("server", responseDone("resp_1", realtimeUsage(100, 50)));
  await talk.close();
  const { pieces } = apart(await world.records(2));
  assert.equal(pieces[0]?.input_tokens, 100);
});

test("an extension that nobody knows ends the reading before it begins", async () => {
  await assertBlind(await converse(world, { path, extensions: "x-mystery" }), "encoding");
});

test("compressed data that is none ends the reading", async () => {
  const talk = await converse(world, { path, extensions: "permessage-deflate" });
  talk.send("server", frame("server", Buffer.alloc(64, 0xff), { compressed: true }));
  await assertBlind(talk, "encoding");
});

test("a decompression bomb ends the reading", async () => {
  const talk = await converse(world, { path, extensions: "permessage-deflate" });
  const bomb = zlib.deflateRawSync(Buffer.alloc(64 * 1024 * 1024), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  talk.send("server", frame("server", bomb, { compressed: true }));
  await assertBlind(talk, "too_large");
});

test("a socket of unknown purpose leaves the one record that closes it", async () => {
  const talk = await converse(world, { path: "/openai/v1/sockets" });
  talk.say("server", responseDone("resp_1", realtimeUsage(100, 50)));
  await talk.close("server", 1001);
  const { closing } = apart(await world.records(1));
  assertFields(closing, { close_code: 1001, error_type: null, usage_reason: undefined });
});

test("another protocol behind a 101 is not looked into", async () => {
  const client = await world.client();
  client.send(get(path, "Connection: Upgrade", "Upgrade: tcp"));
  const { connection } = await world.provider.nextRequest();
  const event = frame("server", JSON.stringify(responseDone("resp_1", realtimeUsage(100, 50))));
  connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n");
  await client.head();
  connection.send(event);
  await client.until("the frame", () => client.unread.equals(event) || undefined);
  connection.end();
  await client.hasEnded();
  client.end();
  await client.close();
  await world.record({ operation: "session", session_id: undefined, close_code: undefined, error_type: null });
});

/** What the metrics show once `expected` is among it; deltas come once a second. */
async function activeBecomes(expected: number): Promise<void> {
  const { adminUrl, dataDir } = world.gateway;
  const token = (await readFile(join(dataDir, "admin-token"), "utf8")).trim();
  let text = "";
  for (let attempt = 0; attempt < 500; attempt++) {
    const response = await fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    text = await response.text();
    const active = /^lmgate_active_requests\{provider="openai"\} (-?\d+)$/m.exec(text)?.[1];
    if (Number(active) === expected) return;
    await delay(10);
  }
  assert.fail(`no ${expected} active calls in:\n${text}`);
}

test("a session is one running call, however many records it leaves", async () => {
  await activeBecomes(0);
  const talk = await midway();
  await world.records(1);
  await activeBecomes(1);
  await talk.close();
  const { closing } = apart(await world.records(2));
  assert.ok(closing);
  await activeBecomes(0);
});

test("at shutdown a response in progress is aborted, and the session's record says why", async () => {
  const own = await startProxyFixture({ config: { timeouts: { drain_seconds: 1 } } });
  const talk = await converse(own, { path });
  talk.say("server", responseCreated("resp_1"));
  await talk.arrived();
  own.gateway.signal("SIGTERM");
  await talk.client.closedByPeer();
  const { closing, pieces } = apart(await own.records(2));
  const [cut] = pieces;
  assert.ok(cut);
  assertFields(cut, { usage_state: "aborted", error_type: "shutdown" });
  assertFields(closing, { error_type: "shutdown" });
  await own.gateway.exited();
  await own.stop();
});
