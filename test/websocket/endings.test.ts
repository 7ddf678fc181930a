import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, afterEach, before, test } from "node:test";
import zlib from "node:zlib";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { assertFields, get, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import { HANG_MS } from "../harness/until.ts";
import { statusOf } from "../harness/raw-message.ts";
import { splitRecords, openConversation, type Conversation } from "./conversation.ts";
import { closeFrame, frame } from "./frames.ts";
import { audioDelta, realtimeUsage, responseCreated, responseDone, responsesUsage, snapshot } from "./openai-events.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const path = "/openai/v1/realtime?model=gpt-realtime";
const google = "/openai/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent";

/** Starts a session and stops in the middle of its second response. */
async function startSecondResponse(): Promise<Conversation> {
  const conversation = await openConversation(fixture, { path });
  conversation.sendMessage("server", responseCreated("resp_1"));
  conversation.sendMessage("server", responseDone("resp_1", realtimeUsage(100, 50)));
  conversation.sendMessage("server", responseCreated("resp_2"));
  conversation.sendMessage("server", audioDelta("resp_2"));
  await conversation.arrived();
  return conversation;
}

async function cutAndClosing(): Promise<{ readonly cut: RequestRecord; readonly closing: RequestRecord }> {
  const { closing, turnRecords } = splitRecords(await fixture.records(3));
  const [first, cut] = turnRecords;
  assert.ok(first && cut);
  assertFields(first, { response_id: "resp_1", input_tokens: 100, usage_state: "final", error_type: null });
  assertFields(cut, { response_id: "resp_2", input_tokens: null, usage_source: "none", operation: "realtime" });
  return { cut, closing };
}

const abortedByClient = { usage_state: "aborted", usage_reason: "aborted", error_type: "client_aborted" } as const;
const cutByUpstream = { usage_state: "missing", usage_reason: "cut", error_type: "upstream_reset" } as const;

test("a client that sends a close frame during a response aborts the response, and the session has no error", async () => {
  const conversation = await startSecondResponse();
  await conversation.close("client", 1001);
  const { cut, closing } = await cutAndClosing();
  assertFields(cut, abortedByClient);
  assertFields(closing, { error_type: null, close_code: 1001 });
});

test("a client that disconnects without a close frame aborts the response and the session", async () => {
  for (const disconnect of ["reset", "end"] as const) {
    const conversation = await startSecondResponse();
    conversation.client[disconnect]();
    await conversation.upstream.closedByPeer();
    const { cut, closing } = await cutAndClosing();
    assertFields(cut, abortedByClient);
    assertFields(closing, { error_type: "client_aborted", close_code: undefined });
  }
});

test("an upstream that disconnects without a close frame cuts the response and the session", async () => {
  for (const disconnect of ["reset", "end"] as const) {
    const conversation = await startSecondResponse();
    conversation.upstream[disconnect]();
    await conversation.client.closedByPeer();
    const { cut, closing } = await cutAndClosing();
    assertFields(cut, cutByUpstream);
    assertFields(closing, { error_type: "upstream_reset", close_code: undefined });
  }
});

test("an upstream that sends a close frame and then resets the connection ends the session without an error", async () => {
  const conversation = await startSecondResponse();
  conversation.send("server", closeFrame("server", 1001));
  await conversation.arrived();
  conversation.upstream.reset();
  await conversation.client.closedByPeer();
  const { cut, closing } = await cutAndClosing();
  assertFields(cut, cutByUpstream);
  assertFields(closing, { error_type: null, close_code: 1001 });
});

test("a turn that was interrupted after its counters keeps them and is not final", async () => {
  for (const [side, expected] of [
    ["client", { usage_state: "aborted", error_type: "client_aborted" }],
    ["upstream", { usage_state: "partial", error_type: "upstream_reset", usage_reason: "cut" }],
  ] as const) {
    const conversation = await openConversation(fixture, { path: google });
    const usageMetadata = { promptTokenCount: 70, candidatesTokenCount: 3, totalTokenCount: 73 };
    conversation.sendMessage("server", { serverContent: { modelTurn: { parts: [] } }, usageMetadata });
    await conversation.arrived();
    conversation[side].reset();
    await (side === "client" ? conversation.upstream : conversation.client).closedByPeer();
    const [turn] = splitRecords(await fixture.records(2)).turnRecords;
    assert.ok(turn);
    assertFields(turn, { ...expected, input_tokens: 70, output_tokens: 3, usage_source: "websocket" });
  }
});

test("a response that was cut on a WebSocket counts once when it is fetched", async () => {
  const conversation = await openConversation(fixture, { path: "/openai/v1/responses" });
  conversation.sendMessage("server", snapshot("response.created", "resp_cut", { status: "in_progress", usage: null }));
  await conversation.arrived();
  conversation.upstream.reset();
  await conversation.client.closedByPeer();
  const [cut] = splitRecords(await fixture.records(2)).turnRecords;
  assert.ok(cut);
  assertFields(cut, { ...cutByUpstream, response_id: "resp_cut" });

  for (const expected of [
    { usage_state: "final", input_tokens: 90 },
    { usage_state: "replay", input_tokens: 90 },
  ] as const) {
    const client = await fixture.client();
    client.send(get("/openai/v1/responses/resp_cut"));
    const { connection } = await fixture.provider.nextRequest();
    const stored = { id: "resp_cut", object: "response", status: "completed", usage: responsesUsage(90, 9) };
    const body = JSON.stringify(stored);
    const head = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    connection.send(`${head}\r\n\r\n${body}`);
    assert.equal(statusOf(await client.message()), 200);
    connection.end();
    await fixture.record(expected);
  }
});

/** Checks that messages after an unreadable one pass unchanged and are recorded as unread. */
async function assertUnread(conversation: Conversation, reason: string): Promise<void> {
  conversation.sendMessage("server", responseDone("resp_9", realtimeUsage(100, 50)));
  conversation.sendMessage("client", { type: "response.create" });
  await conversation.arrived();
  await conversation.close();
  const { closing, turnRecords } = splitRecords(await fixture.records(1));
  assert.deepEqual(turnRecords, []);
  assert.equal(closing.usage_reason, reason);
}

test("invalid frames end the reading of the session, not the session", async () => {
  const conversation = await openConversation(fixture, { path });
  conversation.send("server", Buffer.from("not a frame at all"));
  await assertUnread(conversation, "unparsable");
});

test("invalid frames of the client do not end the reading of the server's frames", async () => {
  const conversation = await openConversation(fixture, { path });
  conversation.send("client", Buffer.from("not a frame at all"));
  await conversation.arrived();
  conversation.sendMessage("server", responseDone("resp_1", realtimeUsage(100, 50)));
  await conversation.close();
  const { turnRecords } = splitRecords(await fixture.records(2));
  assert.equal(turnRecords[0]?.input_tokens, 100);
});

test("an unknown extension prevents the reading", async () => {
  await assertUnread(await openConversation(fixture, { path, extensions: "x-mystery" }), "encoding");
});

test("invalid compressed data ends the reading", async () => {
  const conversation = await openConversation(fixture, { path, extensions: "permessage-deflate" });
  conversation.send("server", frame("server", Buffer.alloc(64, 0xff), { compressed: true }));
  await assertUnread(conversation, "encoding");
});

test("a decompression bomb ends the reading", async () => {
  const conversation = await openConversation(fixture, { path, extensions: "permessage-deflate" });
  const bomb = zlib.deflateRawSync(Buffer.alloc(64 * 1024 * 1024), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  conversation.send("server", frame("server", bomb, { compressed: true }));
  await assertUnread(conversation, "too_large");
});

test("a WebSocket on an unknown path leaves only the record that closes it", async () => {
  const conversation = await openConversation(fixture, { path: "/openai/v1/sockets" });
  conversation.sendMessage("server", responseDone("resp_1", realtimeUsage(100, 50)));
  await conversation.close("server", 1001);
  const { closing } = splitRecords(await fixture.records(1));
  assertFields(closing, { close_code: 1001, error_type: null, usage_reason: undefined });
});

test("another protocol after a 101 is not read", async () => {
  const client = await fixture.client();
  client.send(get(path, "Connection: Upgrade", "Upgrade: tcp"));
  const { connection } = await fixture.provider.nextRequest();
  const event = frame("server", JSON.stringify(responseDone("resp_1", realtimeUsage(100, 50))));
  connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n");
  await client.head();
  connection.send(event);
  await client.until("the frame", () => client.unread.equals(event) || undefined);
  connection.end();
  await client.hasEnded();
  client.end();
  await client.close();
  await fixture.record({ operation: "session", session_id: undefined, close_code: undefined, error_type: null });
});

/** Waits until the metrics show `expected` active requests; they are updated once a second. */
async function untilActive(expected: number): Promise<void> {
  const { adminUrl, dataDir } = fixture.gateway;
  const token = (await readFile(join(dataDir, "admin-token"), "utf8")).trim();
  let text = "";
  for (const deadline = performance.now() + HANG_MS; performance.now() < deadline; await delay(10)) {
    const response = await fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    text = await response.text();
    const active = /^lmgate_active_requests\{provider="openai"\} (-?\d+)$/m.exec(text)?.[1];
    if (Number(active) === expected) return;
  }
  assert.fail(`not ${expected} active requests in:\n${text}`);
}

test("a session is one active request, however many records it leaves", async () => {
  await untilActive(0);
  const conversation = await startSecondResponse();
  await fixture.records(1);
  await untilActive(1);
  await conversation.close();
  const { closing } = splitRecords(await fixture.records(2));
  assert.ok(closing);
  await untilActive(0);
});

test("a shutdown aborts the response in progress, and both records have the error shutdown", async () => {
  const own = await startProxyFixture({ config: { timeouts: { drain_seconds: 1 } } });
  const conversation = await openConversation(own, { path });
  conversation.sendMessage("server", responseCreated("resp_1"));
  await conversation.arrived();
  own.gateway.signal("SIGTERM");
  await conversation.client.closedByPeer();
  const { closing, turnRecords } = splitRecords(await own.records(2));
  const [cut] = turnRecords;
  assert.ok(cut);
  assertFields(cut, { usage_state: "aborted", error_type: "shutdown" });
  assertFields(closing, { error_type: "shutdown" });
  await own.gateway.exited();
  await own.stop();
});
