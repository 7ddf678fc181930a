// Short forms of what `npm run soak` does for hours. No test here depends on speed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { crc32 } from "node:zlib";

import { eventually } from "../../harness/until.ts";
import { readMessage, statusOf, valueOf, type RawMessage } from "../../harness/raw-message.ts";
import { connectRaw, requestOnce, type RawPeer } from "../../harness/raw-client.ts";
import { startRawUpstream, type RawUpstream } from "../../harness/raw-upstream.ts";
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
  streamHead,
  type ProxyFixture,
} from "../fixture.ts";

const idleSeconds = 3;
const MEGABYTE = 1024 * 1024;

let upstream: RawUpstream;
let fixture: ProxyFixture;
before(async () => {
  upstream = await startRawUpstream();
  const providers = { openai: { upstream: `http://127.0.0.1:${upstream.port}` } };
  fixture = await startProxyFixture({ config: { providers, timeouts: { client_idle_seconds: idleSeconds } } });
});
after(async () => {
  await fixture.stop();
  await upstream.close();
});

function clients(count: number): Promise<RawPeer[]> {
  return Promise.all(Array.from({ length: count }, () => connectRaw(fixture.gateway.port)));
}

function rssBytes(of: ProxyFixture): number {
  const status = readFileSync(`/proc/${of.gateway.pid}/status`, "latin1");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

const numberOf = (message: RawMessage): number => Number(valueOf(message.lines, "x-call"));
const numbered = (n: number): string => post('{"model":"m-0"}', `X-Call: ${n}`);

async function assertCounted(count: number): Promise<void> {
  const records = await fixture.records(count);
  const expected = new Set(Array.from({ length: count }, (_, n) => 1_000_000 + n));
  assert.deepEqual(new Set(records.map((record) => record.input_tokens)), expected);
  assert.deepEqual(new Set(records.map((record) => record.error_type)), new Set([null]));
}

test("R1: 3,000 requests over 200 persistent connections each get their own response and are counted once", async () => {
  upstream.respond = (socket, message) => void socket.write(jsonResponse(numberOf(message)));
  const peers = await clients(200);
  let next = 0;
  const work = async (peer: RawPeer): Promise<void> => {
    for (let n = next++; n < 3_000; n = next++) {
      peer.send(numbered(n));
      assert.match((await peer.message()).body.toString(), new RegExp(`"m-${n}"`));
    }
  };
  await Promise.all(peers.map(work));
  for (const peer of peers) peer.destroy();
  await assertCounted(3_000);
});

test("R2: 500 streams at once each get all of their own events and are counted once", async () => {
  const events = (n: number): readonly string[] => [contentEvent(n), contentEvent(n, "more "), lastEvents(n)];
  upstream.respond = (socket, message) => {
    const pieces = [streamHead, ...events(numberOf(message)).map((event) => chunk(event)), lastChunk];
    const write = (): void => {
      const piece = pieces.shift();
      if (piece === undefined) return;
      socket.write(piece);
      setTimeout(write, 50);
    };
    write();
  };
  const peers = await clients(500);
  peers.forEach((peer, n) => peer.send(numbered(n)));
  const streams = await Promise.all(peers.map((peer) => peer.message()));
  streams.forEach((stream, n) => assert.equal(stream.body.toString(), events(n).join("")));
  for (const peer of peers) peer.destroy();
  await assertCounted(500);
});

test("R5: a thousand clients that connect at once are all served, and the next one is served as before", async () => {
  upstream.respond = (socket, message) => void setTimeout(() => socket.write(jsonResponse(numberOf(message))), 300);
  const peers = await clients(1_000);
  peers.forEach((peer, n) => peer.send(numbered(n)));
  for (const message of await Promise.all(peers.map((peer) => peer.message()))) assert.equal(statusOf(message), 200);
  for (const peer of peers) peer.destroy();
  await assertCounted(1_000);
  upstream.respond = (socket) => void socket.write(jsonResponse(0));
  const [peer] = await clients(1);
  peer?.send(numbered(0));
  assert.equal(statusOf((await peer?.message()) ?? { startLine: "" }), 200);
  peer?.destroy();
  await assertCounted(1);
});

test("R7: 2,000 idle connections do not delay a request, and are closed after the idle timeout", async () => {
  upstream.respond = (socket, message) => void socket.write(jsonResponse(numberOf(message)));
  const files = readdirSync(`/proc/${fixture.gateway.pid}/fd`).length;
  // Each client sends its request at once, because its idle timeout starts with its first response.
  const idle = await Promise.all(
    Array.from({ length: 2_000 }, async () => {
      const peer = await connectRaw(fixture.gateway.port);
      peer.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
      await peer.message();
      return peer;
    }),
  );
  const [busy] = await clients(1);
  assert.ok(busy);
  for (let n = 0; n < 100; n++) {
    busy.send(numbered(n));
    assert.equal(statusOf(await busy.message()), 200);
  }
  await assertCounted(100);
  await Promise.all(idle.map((peer) => peer.closedByPeer()));
  busy.destroy();
  assert.ok(idle.every((peer) => !peer.wasReset));
  assert.ok(readdirSync(`/proc/${fixture.gateway.pid}/fd`).length <= files + 3);
});

test("R33: 1,000 errors of the upstream are forwarded unchanged, with Retry-After, and no client is locked out", async () => {
  const error =
    "HTTP/1.1 529 Overloaded\r\nRetry-After: 7\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
  upstream.respond = (socket) => void socket.write(error);
  const peers = await clients(50);
  const work = async (peer: RawPeer): Promise<void> => {
    for (let n = 0; n < 20; n++) {
      peer.send(numbered(n));
      assert.equal((await peer.message()).head + "{}", error);
    }
  };
  await Promise.all(peers.map(work));
  for (const peer of peers) peer.destroy();
  const records = await fixture.records(1_000);
  assert.deepEqual(new Set(records.map((record) => record.error_type)), new Set(["http_529"]));
});

test("R8: 10 bodies of 10 MB at once arrive byte for byte and are not buffered in memory", async (t) => {
  const size = 10 * MEGABYTE;
  const body = Buffer.alloc(size, "a body with a period that fits no buffer size; ");
  const sums: number[] = [];
  const sink = await startSink(size, (sum) => sums.push(sum));
  const own = await startProxyFixture({
    config: { providers: { sink: { upstream: `http://127.0.0.1:${sink.port}` } } },
  });
  t.after(async () => {
    await own.stop();
    sink.close();
  });
  const peers = await Promise.all(Array.from({ length: 10 }, () => connectRaw(own.gateway.port)));
  for (const peer of peers) {
    peer.send(request("POST", "/sink/v1/files", `Content-Length: ${size}`));
    peer.send(body);
  }
  const grown = await growthDuring(own, () => Promise.all(peers.map((peer) => peer.message())));
  for (const peer of peers) peer.destroy();
  assert.deepEqual(sums, Array(10).fill(crc32(body)));
  assert.ok(grown < 0.8 * 10 * size, `${grown / MEGABYTE} MB more for 100 MB of bodies`);
  await own.records(10);
});

/** An upstream for bodies of one size. It keeps their checksums. */
async function startSink(
  size: number,
  arrived: (sum: number) => void,
): Promise<{ readonly port: number; close(): void }> {
  const server = createServer({ noDelay: true }, (socket) => {
    let head: Buffer | undefined = Buffer.alloc(0);
    let left = size;
    let sum = 0;
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      let rest = bytes;
      if (head !== undefined) {
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf("\r\n\r\n");
        if (end === -1) return;
        rest = head.subarray(end + 4);
        head = undefined;
      }
      sum = crc32(rest, sum);
      left -= rest.length;
      if (left > 0) return;
      arrived(sum);
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // as: it listens on a host and port
  return { port, close: () => void server.close() };
}

test("R3, R41: 20 responses of 10 MB to clients that pause reading arrive byte for byte and are not buffered in memory", async () => {
  const size = 10 * MEGABYTE;
  const bodies = Array.from({ length: 20 }, (_, n) =>
    Buffer.alloc(size, `response ${n}, with a period that fits no buffer; `),
  );
  upstream.respond = (socket, message) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    socket.write(bodies[numberOf(message)] ?? "");
  };
  const peers = await clients(bodies.length);
  for (const peer of peers) peer.pause();
  const received = upstream.requests.length;
  const grown = await growthDuring(fixture, async () => {
    peers.forEach((peer, n) => peer.send(get("/openai/v1/models", `X-Call: ${n}`)));
    // A gateway that has served other requests in the meantime has read whatever it reads while no client reads.
    await eventually("every request has arrived", () => upstream.requests.length === received + peers.length);
    for (let n = 0; n < 20; n++) await requestOnce(fixture.gateway.port, get("/healthz", "Connection: close"), "GET");
    for (const peer of peers) peer.resume();
    // All read at once, so that the bytes of one must not overwrite those of another.
    await Promise.all(
      peers.map(async (peer, n) => {
        const message = await peer.until("the response", () =>
          peer.socket.bytesRead > size ? readMessage(peer.received) : undefined,
        );
        assert.ok(bodies[n]?.equals(message.body));
        peer.destroy();
      }),
    );
  });
  assert.ok(grown < 0.5 * bodies.length * size, `${grown / MEGABYTE} MB more for 200 MB of responses`);
  await fixture.records(bodies.length);
});

test("R29: usage at the very end of a JSON response of 50 MB is read, and the response is not buffered in memory", async () => {
  const tail = `"}}],"usage":{"prompt_tokens":1000029,"completion_tokens":2000029,"total_tokens":3000058}}`;
  const body = Buffer.alloc(50 * MEGABYTE, "word ");
  body.write('{"model":"m-29","choices":[{"message":{"content":"');
  body.write(tail, body.length - tail.length);
  upstream.respond = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body);
  };
  const [peer] = await clients(1);
  assert.ok(peer);
  const grown = await growthDuring(fixture, async () => {
    peer.send(post());
    const message = await peer.until("the response", () =>
      peer.socket.bytesRead > body.length ? readMessage(peer.received) : undefined,
    );
    assert.ok(message.body.equals(body));
  });
  peer.destroy();
  assert.ok(grown < 0.8 * body.length, `${grown / MEGABYTE} MB more for 50 MB`);
  await fixture.record({ input_tokens: 1_000_029, output_tokens: 2_000_029, usage_state: "final", model: "m-29" });
});

/** The most that the gateway's memory grows during `work`. */
async function growthDuring(of: ProxyFixture, work: () => Promise<unknown>): Promise<number> {
  const before = rssBytes(of);
  let most = before;
  const poll = setInterval(() => (most = Math.max(most, rssBytes(of))), 20);
  await work();
  clearInterval(poll);
  return Math.max(most, rssBytes(of)) - before;
}
