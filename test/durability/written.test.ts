// With `stats.durability: written`, no client has the end of a response before the operating system has its record.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { eventually } from "../harness/until.ts";
import type { ProxyStatus } from "../../src/core/counters/status.ts";
import { evaluateInWorker } from "../proxy/inspector.ts";
import { jsonResponse, chunk, get, lastChunk, lastEvents, post, streamHead } from "../proxy/fixture.ts";
import { statusOf } from "../harness/raw-message.ts";
import { requestsInJournal, durabilityFixture, type DurabilityFixture } from "./fixture.ts";

const WRITTEN = { config: { stats: { durability: "written" } } };
type Gateway = Awaited<ReturnType<DurabilityFixture["start"]>>;

/** The number of records in the file at this moment. */
function recorded(fixture: DurabilityFixture): number {
  return readFileSync(fixture.statsPath, "utf8").split("\n").length - 1;
}

async function ledgerStatus(gateway: Gateway): Promise<ProxyStatus["ledger"]> {
  const response = await fetch(`${gateway.adminUrl}/api/v1/status`);
  return ((await response.json()) as ProxyStatus).ledger; // as: the contract of the status page
}

test("R62: with durability written, a response that has arrived has its record in the file", async (t) => {
  const fixture = await durabilityFixture(t);
  const gateway = await fixture.start(WRITTEN);
  const client = await fixture.client(gateway);
  let upstream: Awaited<ReturnType<DurabilityFixture["provider"]["nextRequest"]>>["connection"] | undefined;
  for (let n = 1; n <= 40; n++) {
    client.send(n % 2 === 0 ? get(`/openai/v1/models/${n}`) : post());
    if (upstream === undefined) upstream = (await fixture.provider.nextRequest()).connection;
    else await upstream.message();
    upstream.send(n % 4 === 1 ? streamHead + chunk(lastEvents(n)) + lastChunk : jsonResponse(n));
    assert.equal(statusOf(await client.message()), 200);
    assert.equal(recorded(fixture), n);
  }
  gateway.signal("SIGKILL");
  await gateway.exited();
  await (await fixture.start()).stop();
  assert.deepEqual(
    fixture.records().map(({ error_type }) => error_type),
    Array.from({ length: 40 }, () => null),
  );
});

test("R62: with durability written, so has a response that ends with its connection, and one of LMGate itself", async (t) => {
  const fixture = await durabilityFixture(t);
  const gateway = await fixture.start(WRITTEN);
  const first = await fixture.client(gateway);
  first.send(get("/openai/v1/models", "Connection: close"));
  (await fixture.provider.nextRequest()).connection.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  const [upstream] = fixture.provider.connections;
  upstream?.end();
  await first.hasEnded();
  assert.match(first.text, /until the end/);
  assert.equal(recorded(fixture), 1);

  const second = await fixture.client(gateway);
  second.send(post());
  (await fixture.provider.nextRequest()).connection.destroy();
  assert.equal(statusOf(await second.message()), 502);
  assert.equal(recorded(fixture), 2);
});

test("R62: with durability written, pipelined responses arrive in order, each after its record is written", async (t) => {
  const fixture = await durabilityFixture(t);
  const gateway = await fixture.start(WRITTEN);
  const client = await fixture.client(gateway);
  client.send(
    get("/openai/v1/models/1") + get("/openai/v1/models/2") + get("/openai/v1/models/3", "Connection: close"),
  );
  const { connection } = await fixture.provider.nextRequest();
  for (let n = 1; n <= 3; n++) {
    connection.send(jsonResponse(n));
    assert.match((await client.message()).body.toString(), new RegExp(`"m-${n}"`));
    assert.ok(recorded(fixture) >= n);
    if (n < 3) await connection.message();
  }
  await client.hasEnded();
});

const BLOCKED = "setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000), 10); 1";

test("R66: with durability written, a hanging ledger delays responses for one second only, and only the first ones", async (t) => {
  const fixture = await durabilityFixture(t);
  const gateway = await fixture.start({ ...WRITTEN, env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" } });
  const client = await fixture.client(gateway);
  await evaluateInWorker(gateway, "ledger", BLOCKED);
  client.send(get("/openai/v1/models/1"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send(jsonResponse(1));
  assert.equal(statusOf(await client.message()), 200);
  client.send(get("/openai/v1/models/2"));
  await connection.message();
  connection.send(jsonResponse(2));
  assert.equal(statusOf(await client.message()), 200);
  assert.equal(recorded(fixture), 0, "the ledger hangs, and both responses have arrived");
  await eventually("both are recorded", () => recorded(fixture) === 2);
  await eventually("both are counted", async () => (await ledgerStatus(gateway)).unconfirmed === 2);
  assert.match(gateway.output().stdout, /responses sent before their records were confirmed as written/);

  // The ledger worker responds again, so responses wait for it again.
  client.send(get("/openai/v1/models/3"));
  await connection.message();
  connection.send(jsonResponse(3));
  assert.equal(statusOf(await client.message()), 200);
  assert.equal(recorded(fixture), 3);
});

test("R53: with durability written, a file that cannot be written delays no response", async (t) => {
  const fixture = await durabilityFixture(t);
  const gateway = await fixture.start({ config: { stats: { durability: "written", output_path: "/dev/full" } } });
  const client = await fixture.client(gateway);
  for (let n = 1; n <= 5; n++) {
    client.send(get(`/openai/v1/models/${n}`));
    if (n === 1) await fixture.provider.nextRequest();
    else await fixture.provider.connections[0]?.message();
    fixture.provider.connections[0]?.send(jsonResponse(n));
    assert.equal(statusOf(await client.message()), 200);
  }
  await eventually("all are counted", async () => (await ledgerStatus(gateway)).unconfirmed === 5);
  gateway.signal("SIGTERM");
  await gateway.exited();
});

test("R62: with durability written, a response held by a ledger worker that dies is released by the next one", async (t) => {
  const fixture = await durabilityFixture(t);
  const gateway = await fixture.start({ ...WRITTEN, env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" } });
  const client = await fixture.client(gateway);
  client.send(get("/openai/v1/models/1"));
  const { connection } = await fixture.provider.nextRequest();
  await eventually("it is in the journal", () => requestsInJournal(fixture) === 1);
  await evaluateInWorker(gateway, "ledger", 'setTimeout(() => { throw new Error("thrown by the test"); }, 10); 1');
  await eventually("the worker has ended", () => gateway.output().stdout.includes("worker ended; restarting"));
  connection.send(jsonResponse(1));
  assert.equal(statusOf(await client.message()), 200);
  await eventually("its record is written", () => recorded(fixture) === 1);
});
