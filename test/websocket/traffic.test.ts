import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";

import { assertFields, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import type { RawPeer } from "../harness/raw-client.ts";
import { splitRecords, openConversation, type Conversation } from "./conversation.ts";
import { BINARY, closeFrame, Deflater, frame, type Side } from "./frames.ts";
import { audioDelta, realtimeUsage, responseCreated, responseDone } from "./openai-events.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const path = "/openai/v1/realtime?model=gpt-realtime";
const google = "/openai/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
const MEGABYTE = 1024 * 1024;
const TRAFFIC = 50 * MEGABYTE;
/** The buffers of a busy connection and uncollected garbage are less than the traffic; all of the traffic is not. */
const MOST_GROWTH = 0.9 * TRAFFIC;

/** Base64 as in audio events; a constant text would compress too well. */
function base64(bytes: number): string {
  let text = "";
  let state = 1;
  while (text.length < Math.min(bytes, 65_536)) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += state.toString(36);
  }
  return text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes);
}

/** Hashes the received bytes instead of keeping them. */
function hashReceived(peer: RawPeer): { readonly hash: Hash; readonly until: (bytes: number) => Promise<void> } {
  const hash = createHash("sha256");
  const received = { bytes: 0 };
  peer.socket.removeAllListeners("data");
  peer.socket.on("data", (bytes: Buffer) => {
    hash.update(bytes);
    received.bytes += bytes.length;
  });
  return {
    hash,
    async until(bytes) {
      while (received.bytes < bytes) await once(peer.socket, "data");
      assert.equal(received.bytes, bytes);
    },
  };
}

/** Sends the frames with backpressure and checks that they arrive unchanged. */
async function sendAll(conversation: Conversation, side: Side, frames: Iterable<Buffer>): Promise<void> {
  const [from, to] =
    side === "server" ? [conversation.upstream, conversation.client] : [conversation.client, conversation.upstream];
  const receiver = hashReceived(to);
  const sent = createHash("sha256");
  let count = 0;
  for (const bytes of frames) {
    sent.update(bytes);
    count += bytes.length;
    if (!from.socket.write(bytes)) await once(from.socket, "drain");
  }
  await receiver.until(count);
  assert.equal(receiver.hash.copy().digest("hex"), sent.digest("hex"));
}

/** The resident memory of the gateway's process, in bytes. */
async function resident(): Promise<number | undefined> {
  const status = await readFile(`/proc/${fixture.gateway.pid}/status`, "utf8").catch(() => undefined);
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Ends the session and returns its records. */
async function closeSession(conversation: Conversation, count: number): Promise<ReturnType<typeof splitRecords>> {
  conversation.upstream.send(closeFrame("server", 1000));
  conversation.upstream.end();
  await conversation.client.hasEnded();
  conversation.client.end();
  await conversation.client.close();
  return splitRecords(await fixture.records(count));
}

function* deltas(size: number): Generator<Buffer> {
  yield frame("server", JSON.stringify(responseCreated("resp_1")));
  const delta = frame("server", JSON.stringify(audioDelta("resp_1", base64(size))));
  for (let sent = 0; sent < TRAFFIC; sent += delta.length) yield delta;
  yield frame("server", JSON.stringify(responseDone("resp_1", realtimeUsage(1_000, 2_000))));
}

for (const size of [4_000, 400_000, TRAFFIC]) {
  test(`50 MB of audio in events of ${size} bytes pass in bounded memory, and the response after them is counted`, async (t) => {
    const conversation = await openConversation(fixture, { path });
    const before = await resident();
    await sendAll(conversation, "server", deltas(size));
    const after = await resident();
    if (before !== undefined && after !== undefined) {
      t.diagnostic(`resident: ${Math.round(before / MEGABYTE)} MB before, ${Math.round(after / MEGABYTE)} MB after`);
      assert.ok(after - before < MOST_GROWTH, `grown by ${after - before} bytes`);
    }
    const { turnRecords, closing } = await closeSession(conversation, 2);
    assert.equal(turnRecords.length, 1);
    assert.ok(turnRecords[0]);
    assertFields(turnRecords[0], { response_id: "resp_1", input_tokens: 1_000, output_tokens: 2_000 });
    assert.ok((closing.response_bytes ?? 0) > TRAFFIC);
  });
}

test("audio from the client is skipped, and the turn after it is counted", async () => {
  const conversation = await openConversation(fixture, { path: google });
  const speech = frame("client", JSON.stringify({ realtimeInput: { audio: { data: base64(30_000) } } }), {
    opcode: BINARY,
  });
  function* speechFrames(): Generator<Buffer> {
    yield frame("client", JSON.stringify({ setup: { model: "models/gemini-live-x" } }));
    for (let sent = 0; sent < 10 * MEGABYTE; sent += speech.length) yield speech;
  }
  await sendAll(conversation, "client", speechFrames());
  const usageMetadata = { promptTokenCount: 5, responseTokenCount: 6, totalTokenCount: 11 };
  conversation.sendMessage("server", { serverContent: { turnComplete: true }, usageMetadata }, { opcode: BINARY });
  const { turnRecords } = await closeSession(conversation, 2);
  assert.ok(turnRecords[0]);
  assertFields(turnRecords[0], { model: "gemini-live-x", input_tokens: 5, output_tokens: 6 });
});

test("deflated audio is inflated in bounded memory", async (t) => {
  const conversation = await openConversation(fixture, { path, extensions: "permessage-deflate" });
  const deflater = new Deflater(true);
  const frames: Buffer[] = [];
  const delta = JSON.stringify(audioDelta("resp_1", base64(100_000)));
  for (let sent = 0; sent < TRAFFIC; sent += delta.length) {
    frames.push(frame("server", await deflater.deflate(delta), { compressed: true }));
  }
  const done = JSON.stringify(responseDone("resp_1", realtimeUsage(1_000, 2_000)));
  frames.push(frame("server", await deflater.deflate(done), { compressed: true }));
  const before = await resident();
  await sendAll(conversation, "server", frames);
  const after = await resident();
  if (before !== undefined && after !== undefined) {
    t.diagnostic(`resident: ${Math.round(before / MEGABYTE)} MB before, ${Math.round(after / MEGABYTE)} MB after`);
    assert.ok(after - before < MOST_GROWTH, `grown by ${after - before} bytes`);
  }
  const { turnRecords } = await closeSession(conversation, 2);
  assert.equal(turnRecords[0]?.input_tokens, 1_000);
});

test("S36: a message in a hundred thousand fragments of one byte or none is read in bounded memory", async () => {
  const conversation = await openConversation(fixture, { path });
  const message = Buffer.from(
    JSON.stringify({ ...responseDone("resp_1", realtimeUsage(1_000, 2_000)), pad: base64(50_000) }),
  );
  function* fragments(): Generator<Buffer> {
    const all: Buffer[] = [];
    for (let at = 0; at < message.length; at++) {
      all.push(frame("server", message.subarray(at, at + 1), { opcode: at === 0 ? 1 : 0, final: false }));
      all.push(frame("server", "", { opcode: 0, final: at === message.length - 1 }));
    }
    yield Buffer.concat(all);
  }
  await sendAll(conversation, "server", fragments());
  const { turnRecords } = await closeSession(conversation, 2);
  assert.equal(turnRecords[0]?.input_tokens, 1_000);
});
