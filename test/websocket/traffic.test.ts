import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";

import { assertFields, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import type { RawPeer } from "../harness/raw-client.ts";
import { apart, converse, type Conversation } from "./conversation.ts";
import { BINARY, closeFrame, Deflater, frame, type Side } from "./frames.ts";
import { audioDelta, realtimeUsage, responseCreated, responseDone } from "./openai-events.ts";

let world: ProxyFixture;
before(async () => {
  world = await startProxyFixture();
});
afterEach(() => world.clear());
after(() => world.stop());

const path = "/openai/v1/realtime?model=gpt-realtime";
const google = "/openai/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
const MEGABYTE = 1024 * 1024;
const TRAFFIC = 50 * MEGABYTE;
/** More than the buffers of a busy connection and the garbage between two collections, and far less than the traffic. */
const MOST_GROWTH = 40 * MEGABYTE;

/** Base64 as it stands in audio events; all the same would be too easy to compress. */
function base64(bytes: number): string {
  let text = "";
  let state = 1;
  while (text.length < Math.min(bytes, 65_536)) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += state.toString(36);
  }
  return text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes);
}

/** Digests what arrives instead of keeping it. */
function digesting(peer: RawPeer): { readonly hash: Hash; readonly until: (bytes: number) => Promise<void> } {
  const hash = createHash("sha256");
  const seen = { bytes: 0 };
  peer.socket.removeAllListeners("data");
  peer.socket.on("data", (bytes: Buffer) => {
    hash.update(bytes);
    seen.bytes += bytes.length;
  });
  return {
    hash,
    async until(bytes) {
      while (seen.bytes < bytes) await once(peer.socket, "data");
      assert.equal(seen.bytes, bytes);
    },
  };
}

/** Sends the frames, no faster than they are taken, and checks that they arrive as they are. */
async function pour(talk: Conversation, side: Side, frames: Iterable<Buffer>): Promise<void> {
  const [from, to] = side === "server" ? [talk.upstream, talk.client] : [talk.client, talk.upstream];
  const arriving = digesting(to);
  const sent = createHash("sha256");
  let count = 0;
  for (const bytes of frames) {
    sent.update(bytes);
    count += bytes.length;
    if (!from.socket.write(bytes)) await once(from.socket, "drain");
  }
  await arriving.until(count);
  assert.equal(arriving.hash.copy().digest("hex"), sent.digest("hex"));
}

/** Resident memory of the gateway's process, in bytes. */
async function resident(): Promise<number | undefined> {
  const status = await readFile(`/proc/${world.gateway.pid}/status`, "utf8").catch(() => undefined);
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Ends the session and gives the records it left. */
async function farewell(talk: Conversation, count: number): Promise<ReturnType<typeof apart>> {
  talk.upstream.send(closeFrame("server", 1000));
  talk.upstream.end();
  await talk.client.hasEnded();
  talk.client.end();
  await talk.client.close();
  return apart(await world.records(count));
}

function* deltas(size: number): Generator<Buffer> {
  yield frame("server", JSON.stringify(responseCreated("resp_1")));
  const delta = frame("server", JSON.stringify(audioDelta("resp_1", base64(size))));
  for (let sent = 0; sent < TRAFFIC; sent += delta.length) yield delta;
  yield frame("server", JSON.stringify(responseDone("resp_1", realtimeUsage(1_000, 2_000))));
}

for (const size of [4_000, 400_000, TRAFFIC]) {
  test(`50 MB of audio in events of ${size} bytes pass in bounded memory, and the response behind them is counted`, async (t) => {
    const talk = await converse(world, { path });
    const before = await resident();
    await pour(talk, "server", deltas(size));
    const after = await resident();
    if (before !== undefined && after !== undefined) {
      t.diagnostic(`resident: ${Math.round(before / MEGABYTE)} MB before, ${Math.round(after / MEGABYTE)} MB after`);
      assert.ok(after - before < MOST_GROWTH, `grown by ${after - before} bytes`);
    }
    const { pieces, closing } = await farewell(talk, 2);
    assert.equal(pieces.length, 1);
    assert.ok(pieces[0]);
    assertFields(pieces[0], { response_id: "resp_1", input_tokens: 1_000, output_tokens: 2_000 });
    assert.ok((closing.response_bytes ?? 0) > TRAFFIC);
  });
}

test("audio that the client sends is passed over, and the turn in between is counted", async () => {
  const talk = await converse(world, { path: google });
  const speech = frame("client", JSON.stringify({ realtimeInput: { audio: { data: base64(30_000) } } }), {
    opcode: BINARY,
  });
  function* speak(): Generator<Buffer> {
    yield frame("client", JSON.stringify({ setup: { model: "models/gemini-live-x" } }));
    for (let sent = 0; sent < 10 * MEGABYTE; sent += speech.length) yield speech;
  }
  await pour(talk, "client", speak());
  const usageMetadata = { promptTokenCount: 5, responseTokenCount: 6, totalTokenCount: 11 };
  talk.say("server", { serverContent: { turnComplete: true }, usageMetadata }, { opcode: BINARY });
  const { pieces } = await farewell(talk, 2);
  assert.ok(pieces[0]);
  assertFields(pieces[0], { model: "gemini-live-x", input_tokens: 5, output_tokens: 6 });
});

test("deflated audio is inflated in bounded memory", async (t) => {
  const talk = await converse(world, { path, extensions: "permessage-deflate" });
  const deflater = new Deflater(true);
  const frames: Buffer[] = [];
  const delta = JSON.stringify(audioDelta("resp_1", base64(100_000)));
  for (let sent = 0; sent < TRAFFIC; sent += delta.length) {
    frames.push(frame("server", await deflater.deflate(delta), { compressed: true }));
  }
  const done = JSON.stringify(responseDone("resp_1", realtimeUsage(1_000, 2_000)));
  frames.push(frame("server", await deflater.deflate(done), { compressed: true }));
  const before = await resident();
  await pour(talk, "server", frames);
  const after = await resident();
  if (before !== undefined && after !== undefined) {
    t.diagnostic(`resident: ${Math.round(before / MEGABYTE)} MB before, ${Math.round(after / MEGABYTE)} MB after`);
    assert.ok(after - before < MOST_GROWTH, `grown by ${after - before} bytes`);
  }
  const { pieces } = await farewell(talk, 2);
  assert.equal(pieces[0]?.input_tokens, 1_000);
});

test("S36: a message in a hundred thousand fragments of one byte or none is read without being kept", async () => {
  const talk = await converse(world, { path });
  const message = Buffer.from(
    JSON.stringify({ ...responseDone("resp_1", realtimeUsage(1_000, 2_000)), pad: base64(50_000) }),
  );
  function* crumbs(): Generator<Buffer> {
    const all: Buffer[] = [];
    for (let at = 0; at < message.length; at++) {
      all.push(frame("server", message.subarray(at, at + 1), { opcode: at === 0 ? 1 : 0, final: false }));
      all.push(frame("server", "", { opcode: 0, final: at === message.length - 1 }));
    }
    yield Buffer.concat(all);
  }
  await pour(talk, "server", crumbs());
  const { pieces } = await farewell(talk, 2);
  assert.equal(pieces[0]?.input_tokens, 1_000);
});
