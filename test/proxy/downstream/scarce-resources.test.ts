import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { statusOf } from "../../harness/raw-message.ts";
import { connectRaw } from "../../harness/raw-client.ts";
import {
  jsonResponse,
  expectedRecord,
  chunk,
  contentEvent,
  get,
  lastChunk,
  lastEvents,
  post,
  request,
  startProxyFixture,
  streamHead,
} from "../fixture.ts";

function skipWithMessage(t: TestContext, why: string): void {
  t.diagnostic(`SKIPPED: ${why}`);
  t.skip(why);
}

test("R94: without free file descriptors, new connections are rejected, running requests finish, records are written, and it recovers", async (t) => {
  const fixture = await startProxyFixture();
  t.after(async () => {
    await fixture.clear();
    await fixture.stop();
  });
  const { pid, port } = fixture.gateway;
  const running = await fixture.client();
  running.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(streamHead + chunk(contentEvent(1)));
  await running.waitFor("word");

  const limit = readdirSync(`/proc/${pid}/fd`).length + 10;
  const lowered = spawnSync("prlimit", ["--pid", String(pid), `--nofile=${limit}:`]);
  if (lowered.status !== 0) return skipWithMessage(t, "prlimit may not lower the limit of a running process here");
  const idle = await Promise.all(Array.from({ length: 100 }, () => connectRaw(port)));
  // The last connections are rejected, and the accepted ones are not affected.
  await Promise.all(idle.slice(-80).map((peer) => peer.closedByPeer()));
  connection.send(chunk(lastEvents(1)) + lastChunk);
  await running.message();
  await fixture.record(expectedRecord(1));

  for (const peer of idle) peer.destroy();
  spawnSync("prlimit", ["--pid", String(pid), `--nofile=${limit + 1_000}:`]);
  const late = await fixture.client();
  late.send(post());
  await connection.message();
  connection.send(jsonResponse(2));
  assert.equal(statusOf(await late.message()), 200);
  await fixture.record(expectedRecord(2));
});

const CGROUP = "/sys/fs/cgroup/memory";
const MEMORY_LIMIT = 300 * 1024 * 1024;

test("R95: within 300 MB of memory, 300 streams and 10 compression bombs are served, and no process is killed", async (t) => {
  const group = `${CGROUP}/lmgate-test-${process.pid}`;
  try {
    mkdirSync(group);
    writeFileSync(`${group}/memory.limit_in_bytes`, String(MEMORY_LIMIT));
  } catch {
    return skipWithMessage(t, "there is no writable memory cgroup (v1) here");
  }
  // A process is counted in the group that it was started in, so the parent joins the group and leaves it afterwards.
  const parentGroup = /:memory:(.*)/.exec(readFileSync("/proc/self/cgroup", "latin1"))?.[1] ?? "/";
  writeFileSync(`${group}/cgroup.procs`, String(process.pid));
  const fixture = await startProxyFixture();
  writeFileSync(`${CGROUP}${parentGroup}/cgroup.procs`, String(process.pid));
  t.after(async () => {
    await fixture.clear();
    await fixture.stop();
    rmdirSync(group);
  });

  const clients = await Promise.all(Array.from({ length: 310 }, () => fixture.client()));
  const requests = clients.map(() => fixture.provider.nextRequest());
  for (const client of clients) client.send(post());
  const connections = (await Promise.all(requests)).map((received) => received.connection);
  const plain = Buffer.alloc(50 * 1024 * 1024, "a");
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
  const bombs = { gzip: gzipSync(plain, { level: 1 }), br: brotliCompressSync(plain, quick) };
  connections.slice(0, 10).forEach((connection, n) => {
    const encoding = n % 2 === 0 ? "gzip" : "br";
    const bomb = bombs[encoding];
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: ${encoding}`;
    connection.send(`${head}\r\nContent-Length: ${bomb.length}\r\n\r\n`);
    connection.send(bomb);
  });
  connections
    .slice(10)
    .forEach((connection, n) =>
      connection.send(streamHead + chunk(contentEvent(n)) + chunk(lastEvents(n)) + lastChunk),
    );
  await Promise.all(clients.map((client) => client.message()));
  const records = await fixture.records(310);
  assert.equal(records.filter((record) => record.usage_state === "final").length, 300);
  assert.match(readFileSync(`${group}/memory.oom_control`, "latin1"), /oom_kill 0/);
  const highest = Number(readFileSync(`${group}/memory.max_usage_in_bytes`, "latin1"));
  t.diagnostic(`at most ${(highest / 1024 / 1024).toFixed(0)} MB were used`);
  assert.ok(highest < MEMORY_LIMIT);
});

test("R43: 1,000 clients whose heads and bodies come byte by byte delay no other client, and are disconnected", async (t) => {
  const timeouts = { client_head_seconds: 1.5, client_body_idle_seconds: 1 };
  const fixture = await startProxyFixture({ config: { timeouts } });
  t.after(async () => {
    await fixture.clear();
    await fixture.stop();
  });
  const slow = await Promise.all(Array.from({ length: 1_000 }, () => connectRaw(fixture.gateway.port)));
  const [heads, bodies] = [slow.slice(0, 700), slow.slice(700)];
  for (const peer of heads) peer.send(get().slice(0, 30));
  for (const peer of bodies) peer.send(`${request("POST", "/openai/v1/files", "Content-Length: 1000")}x`);
  let at = 0;
  // The timeout is for the whole head. Single bytes do not extend it.
  const dribble = setInterval(() => {
    for (const peer of heads) if (!peer.closed && !peer.ended) peer.send(get().charAt(30 + at) || "x");
    at++;
  }, 300);
  const uploads = await Promise.all(bodies.map(() => fixture.provider.nextConnection()));

  const served = await fixture.client();
  for (let n = 0; n < 20; n++) {
    served.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
    assert.equal(statusOf(await served.message()), 200);
  }
  await Promise.all(slow.map((peer) => peer.closedByPeer()));
  clearInterval(dribble);
  await Promise.all(uploads.map((upload) => upload.closedByPeer()));
  const records = await fixture.records(300);
  assert.deepEqual(new Set(records.map((record) => record.error_type)), new Set(["client_aborted"]));
});
