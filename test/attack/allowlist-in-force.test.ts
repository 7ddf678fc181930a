// Which list is in force, request by request, while its file is edited, broken, fixed, and replaced by a very long one under load.
import assert from "node:assert/strict";
import { once } from "node:events";
import { rename, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { after, before, beforeEach, test } from "node:test";

import { HANG_MS } from "../harness/until.ts";
import { connectRaw } from "../harness/raw-client.ts";
import { allowlistText } from "../harness/gateway.ts";
import { startAttackFixture, FORBIDDEN, goodKey, otherKey, request, type AttackFixture } from "./attack-fixture.ts";
import { jsonResponse } from "./recording-upstream.ts";
import { getAdmin } from "./raw-exchange.ts";

const newKey = { id: "k-new", key: "sk-new-0123456789-UVWXYZ", owner: "New Team" };

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture();
});
after(() => fixture.stop());
beforeEach(() => {
  fixture.takeRequests();
  fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
});

async function statusFor(key: string): Promise<number | undefined> {
  return (await fixture.send(request("GET", "/openai/v1/models", `x-api-key: ${key}\r\n`))).statuses[0];
}

async function readiness(): Promise<{
  readonly code: number | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}> {
  const { responses } = await fixture.send(request("GET", "/readyz"));
  return { code: responses[0]?.status, body: JSON.parse(responses[0]?.text ?? "{}") as Record<string, unknown> };
}

/** Sends requests until the condition holds. Every response on the way must be one of the two allowed ones. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + HANG_MS;
  while (!(await condition())) assert.ok(performance.now() < deadline, "the list did not come into force");
}

/** Replaces the file atomically, as careful editors do. */
async function replaceList(text: string): Promise<void> {
  const { allowlistPath } = fixture.gateway;
  await writeFile(`${allowlistPath}.next`, text);
  await rename(`${allowlistPath}.next`, allowlistPath);
}

test("an added key is admitted, and a removed one is not any more, without a restart", async () => {
  assert.equal(await statusFor(newKey.key), 403);
  await replaceList(allowlistText([goodKey, otherKey, newKey]));
  await until(async () => (await statusFor(newKey.key)) === 200);
  assert.equal(await statusFor(goodKey.key), 200);
  await replaceList(allowlistText([goodKey, newKey]));
  await until(async () => (await statusFor(otherKey.key)) === 403);
  assert.equal(await statusFor(newKey.key), 200);
});

test("a reload applies to the next request of an open connection", async () => {
  await replaceList(allowlistText([goodKey, otherKey]));
  await until(async () => (await statusFor(otherKey.key)) === 200);
  const client = await connectRaw(fixture.gateway.port);
  const round = request("GET", "/openai/v1/models", `x-api-key: ${otherKey.key}\r\n`);
  const responded = (count: number, what: string): Promise<true> =>
    client.until(what, () => client.text.split(what).length > count || undefined);
  client.send(round);
  await responded(1, "HTTP/1.1 200");
  await replaceList(allowlistText([goodKey]));
  await until(async () => (await statusFor(otherKey.key)) === 403);
  client.send(round);
  await responded(1, FORBIDDEN);
  client.destroy();
});

test("R84: a key that is removed during its response gets that response to its end, and is rejected afterwards", async () => {
  await replaceList(allowlistText([goodKey, otherKey]));
  await until(async () => (await statusFor(otherKey.key)) === 200);
  fixture.takeRequests();
  const streaming = Promise.withResolvers<Socket>();
  fixture.upstream.respond = (socket) => {
    socket.write(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n",
    );
    streaming.resolve(socket);
  };
  const client = await connectRaw(fixture.gateway.port);
  client.send(request("GET", "/openai/v1/stream", `x-api-key: ${otherKey.key}\r\n`));
  const upstream = await streaming.promise;
  await client.waitFor("data: 1");

  fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
  await replaceList(allowlistText([goodKey]));
  await until(async () => (await statusFor(otherKey.key)) === 403);
  upstream.write("8\r\ndata: 2\n\r\n");
  await client.waitFor("data: 2");
  upstream.write("0\r\n\r\n");
  await client.waitFor("0\r\n\r\n");
  client.send(request("GET", "/openai/v1/again", `x-api-key: ${otherKey.key}\r\n`));
  await client.waitFor(FORBIDDEN);
  client.destroy();
  assert.ok(fixture.takeRequests().every(({ target }) => target !== "/v1/again"));
});

test("a broken list changes nothing for clients, shows as degraded without its content, and recovers when it is fixed", async () => {
  await replaceList(allowlistText([goodKey, otherKey]));
  await until(async () => (await statusFor(otherKey.key)) === 200);
  const version = ((await readiness()).body["allowlist"] as { version: number }).version;
  for (const broken of [
    "id,api_key\n",
    "",
    "id,api_key,owner,added\n",
    `id,api_key,owner,added\nk-new,${newKey.key},"Quote,2026\n`,
    `${allowlistText([newKey])}k-bad,short,x,y\n`,
    `${allowlistText([newKey])}k-twice,${newKey.key},x,y\n`,
    "\x89PNG\r\n\x1a\n\0\0\0",
  ]) {
    await replaceList(allowlistText([goodKey, otherKey]));
    await until(async () => (await readiness()).body["status"] === "ok");
    await replaceList(broken);
    await until(async () => {
      assert.equal(await statusFor(newKey.key), 403);
      return (await readiness()).body["status"] === "degraded";
    });
    const { code, body } = await readiness();
    assert.equal(code, 200);
    assert.deepEqual(body["allowlist"], { state: "stale", keys: 2, version });
    assert.equal(await statusFor(goodKey.key), 200);
    assert.equal(await statusFor(newKey.key), 403);
  }
  await replaceList(allowlistText([goodKey, newKey]));
  await until(async () => (await statusFor(newKey.key)) === 200);
  assert.equal((await readiness()).body["status"], "ok");
});

test("a deleted list stays in force until there is a new one", async () => {
  await replaceList(allowlistText([goodKey]));
  await until(async () => (await statusFor(newKey.key)) === 403);
  await rm(fixture.gateway.allowlistPath);
  await until(async () => (await readiness()).body["status"] === "degraded");
  assert.equal(await statusFor(goodKey.key), 200);
  assert.equal(await statusFor(newKey.key), 403);
  await replaceList(allowlistText([goodKey, newKey]));
  await until(async () => (await statusFor(newKey.key)) === 200);
});

test("R79: a list that is written in pieces is never in force half-written", async () => {
  await replaceList(allowlistText([goodKey, newKey]));
  await until(async () => (await statusFor(newKey.key)) === 200);
  const text = allowlistText([goodKey, otherKey, newKey]);
  const { allowlistPath } = fixture.gateway;
  for (let at = 0; at < text.length; at += Math.ceil(text.length / 8)) {
    await writeFile(allowlistPath, text.slice(at, at + Math.ceil(text.length / 8)), { flag: at === 0 ? "w" : "a" });
    // Some requests between two pieces: both known keys stay known.
    for (let make = 0; make < 5; make++) {
      assert.equal(await statusFor(goodKey.key), 200);
      assert.equal(await statusFor(newKey.key), 200);
    }
  }
  await until(async () => (await statusFor(otherKey.key)) === 200);
});

test("R78: a list of 100,000 keys comes into force under load, and every request gets a response", async (context) => {
  const many = Array.from({ length: 100_000 }, (_, n) => ({
    id: `m-${n}`,
    key: `sk-many-${n}-${"0123456789abcdef".repeat(2)}`,
    owner: "Many",
  }));
  const last = many.at(-1) ?? goodKey;
  const loaded = new AbortController();
  const load = Array.from({ length: 8 }, () => requestWithoutPause(loaded.signal));
  await replaceList(allowlistText([goodKey, ...many]));
  let lag = 0;
  await until(async () => {
    lag = Math.max(lag, await dataWorkerLag());
    return (await statusFor(last.key)) === 200;
  });
  lag = Math.max(lag, await dataWorkerLag());
  loaded.abort();
  const completed = (await Promise.all(load)).reduce((sum, count) => sum + count, 0);
  context.diagnostic(`${completed} responses meanwhile; longest pause of a data worker ${lag} ms`);
  assert.ok(completed > 0);
  assert.equal(await statusFor(newKey.key), 403);
  assert.equal(await statusFor(many[50_000]?.key ?? ""), 200);
});

/** Sends requests one after the other on one connection. Resolves to the number of 200s. Any other response rejects. */
async function requestWithoutPause(signal: AbortSignal): Promise<number> {
  const socket = connect({ port: fixture.gateway.port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const probe = request("GET", "/openai/v1/models", `x-api-key: ${goodKey.key}\r\n`);
  let count = 0;
  while (!signal.aborted) {
    socket.write(probe);
    const [bytes] = (await once(socket, "data")) as [Buffer]; // as: the argument of a socket's "data"
    assert.equal(bytes.toString("latin1", 0, 12), "HTTP/1.1 200");
    count++;
  }
  socket.destroy();
  return count;
}

async function dataWorkerLag(): Promise<number> {
  const response = await getAdmin(fixture.gateway.adminPort, "/api/v1/status");
  const status = JSON.parse(response.slice(response.indexOf("\r\n\r\n"))) as {
    threads: { name: string; loopLagMs: { max: number } }[];
  };
  return Math.max(
    ...status.threads.filter(({ name }) => name.startsWith("data-")).map(({ loopLagMs }) => loopLagMs.max),
  );
}
