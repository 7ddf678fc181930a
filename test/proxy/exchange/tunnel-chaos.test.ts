// A WebSocket cut by either side at every byte: the other side gets a prefix of what was sent, a reset stays a reset and
// an end an end, and one record names the side that cut it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { HANG_MS } from "../../harness/until.ts";
import type { RequestRecord } from "../../../src/core/request/request-record.ts";
import { sampled } from "../../harness/sampling.ts";
import { ChaosProxy, unharmed, type Plan } from "../../harness/chaos-proxy.ts";
import { valueOf, readMessage } from "../../harness/raw-message.ts";
import { connectRaw, type RawPeer } from "../../harness/raw-client.ts";
import { startRawUpstream, type RawUpstream } from "../../harness/raw-upstream.ts";
import { frame } from "../../websocket/frames.ts";
import { get, startProxyFixture, type ProxyFixture } from "../fixture.ts";

const idleSeconds = 2;
const AT_ONCE = 32;

let upstream: RawUpstream;
/** One between client and gateway, and one between gateway and upstream. */
let near: ChaosProxy;
let far: ChaosProxy;
let fixture: ProxyFixture;
const plans = { near: new Map<string, Plan>(), far: new Map<string, Plan>() };

const markOf = (first: Buffer): string => /user-agent: (\S+)/i.exec(first.toString("latin1"))?.[1] ?? "";

before(async () => {
  upstream = await startRawUpstream();
  far = await ChaosProxy.start(upstream.port, (first) => plans.far.get(markOf(first)) ?? unharmed);
  const timeouts = { stream_idle_seconds: idleSeconds, response_head_seconds: idleSeconds };
  const providers = { openai: { upstream: `http://127.0.0.1:${far.port}` } };
  fixture = await startProxyFixture({ config: { timeouts, providers } });
  near = await ChaosProxy.start(fixture.gateway.port, (first) => plans.near.get(markOf(first)) ?? unharmed);
});
after(async () => {
  await fixture.stop();
  await Promise.all([near.stop(), far.stop()]);
  await upstream.close();
});

const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const sent = ["session.created", "rate_limits.updated", "conversation.item.created"];
const frames = Buffer.concat(sent.map((type) => frame("server", JSON.stringify({ type, pad: "x".repeat(20) }))));
const whole = Buffer.concat([Buffer.from(switching, "latin1"), frames]);

interface Ended {
  readonly after: number;
  readonly peer: RawPeer;
  readonly record: RequestRecord;
}

async function runAll(
  side: "near" | "far",
  planOf: (after: number) => Plan,
  places: readonly number[],
): Promise<readonly Ended[]> {
  plans.near.clear();
  plans.far.clear();
  places.forEach((after) => plans[side].set(`cut-${after}`, planOf(after)));
  upstream.respond = (socket) => void socket.write(whole);
  const peers: RawPeer[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < places.length; n = next++) peers[n] = await exchange(`cut-${places[n]}`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const records = await fixture.records(places.length);
  return places.map((after, n) => {
    const record = records.find(({ user_agent }) => user_agent === `cut-${after}`);
    const peer = peers[n];
    assert.ok(record !== undefined && peer !== undefined);
    return { after, peer, record };
  });
}

/** Waits for an error response or the end of the connection. The client ends its side when it sees an end. */
async function exchange(mark: string): Promise<RawPeer> {
  const peer = await connectRaw(near.port);
  const lines = ["Connection: Upgrade", "Upgrade: websocket", `User-Agent: ${mark}`];
  peer.send(get("/openai/v1/realtime?model=m-0", ...lines));
  const isRejected = (): boolean => readMessage(peer.received) !== undefined && !peer.text.startsWith("HTTP/1.1 101");
  await peer.until("an error response or an end", () => isRejected() || peer.ended || peer.closed || undefined);
  peer.end();
  await peer.close();
  return peer;
}

const everywhere = sampled(
  Array.from({ length: whole.length - 1 }, (_, after) => after),
  4,
  (after) => after < switching.length,
);

for (const kind of ["reset", "half-close"] as const) {
  test(`a WebSocket that its upstream cuts (${kind}) at any byte is cut visibly, with one record`, async () => {
    const plan = (after: number): Plan => ({ ...unharmed, toClient: { kind, after } });
    for (const { after, peer, record } of await runAll("far", plan, everywhere)) {
      const about = `behind ${after} bytes: ${peer.text}`;
      assert.equal(record.error_type, "upstream_reset", about);
      if (after < switching.length) assertRejected(peer, record, 502, about);
      else assertPrefix(peer, record, about, kind === "reset");
    }
    await untilNoneOpen();
  });

  test(`a WebSocket that its client leaves (${kind}) at any byte ends at the upstream too, with one record`, async () => {
    const plan = (after: number): Plan => ({ ...unharmed, toClient: { kind, after } });
    for (const { record } of await runAll("near", plan, everywhere)) {
      assert.deepEqual([record.error_type, record.status], ["client_aborted", 101]);
    }
    await untilNoneOpen();
  });
}

test("a WebSocket that stalls in its head or within a frame times out, with one record", async () => {
  const plan = (after: number): Plan => ({ ...unharmed, toClient: { kind: "stall", after } });
  const places = [0, switching.length - 1, switching.length, switching.length + 1, whole.length - 1];
  for (const { after, peer, record } of await runAll("far", plan, places)) {
    const about = `behind ${after} bytes: ${peer.text}`;
    assert.equal(record.error_type, "upstream_timeout", about);
    if (after < switching.length) assertRejected(peer, record, 504, about);
    else assertPrefix(peer, record, about, true);
  }
  await untilNoneOpen();
});

function assertRejected(peer: RawPeer, record: RequestRecord, status: number, about: string): void {
  const response = readMessage(peer.received);
  assert.equal(valueOf(response?.lines ?? [], "x-lmgate-error"), record.error_type, about);
  assert.equal(record.status, status, about);
}

function assertPrefix(peer: RawPeer, record: RequestRecord, about: string, reset: boolean): void {
  assert.equal(record.status, 101, about);
  assert.equal(record.operation, "session", about);
  const body = peer.received.subarray(peer.received.indexOf("\r\n\r\n") + 4);
  assert.ok(frames.subarray(0, body.length).equals(body), about);
  assert.equal(peer.wasReset, reset, about);
}

async function untilNoneOpen(): Promise<void> {
  const deadline = performance.now() + HANG_MS;
  while (near.open + far.open > 0) {
    assert.ok(performance.now() < deadline, `${near.open + far.open} ends of connections are left`);
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}
