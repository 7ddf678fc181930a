// `stats.durability: written`: nobody has the end of an answer whose record is not with the operating system.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import type { ProxyStatus } from "../../src/core/counters/status.ts";
import { evaluateInWorker } from "../proxy/inspector.ts";
import { jsonResponse, chunk, get, lastChunk, lastEvents, post, streamHead } from "../proxy/fixture.ts";
import { statusOf } from "../harness/raw-message.ts";
import { callsInJournal, eventually, place, type Place } from "./fixture.ts";

const written = { config: { stats: { durability: "written" } } };
type Gateway = Awaited<ReturnType<Place["start"]>>;

/** How many records stand in the file at this moment. */
function recorded(here: Place): number {
  return readFileSync(here.statsPath, "utf8").split("\n").length - 1;
}

async function ledgerStatus(gateway: Gateway): Promise<ProxyStatus["ledger"]> {
  const response = await fetch(`${gateway.adminUrl}/api/v1/status`);
  return ((await response.json()) as ProxyStatus).ledger; // the contract of the status page
}

test("R62: with durability written, an answer that has arrived has its record in the file", async (t) => {
  const here = await place(t);
  const gateway = await here.start(written);
  const client = await here.client(gateway);
  let upstream: Awaited<ReturnType<Place["faker"]["nextRequest"]>>["connection"] | undefined;
  for (let n = 1; n <= 40; n++) {
    client.send(n % 2 === 0 ? get(`/openai/v1/models/${n}`) : post());
    if (upstream === undefined) upstream = (await here.faker.nextRequest()).connection;
    else await upstream.message();
    upstream.send(n % 4 === 1 ? streamHead + chunk(lastEvents(n)) + lastChunk : jsonResponse(n));
    assert.equal(statusOf(await client.message()), 200);
    assert.equal(recorded(here), n);
  }
  gateway.signal("SIGKILL");
  await gateway.exited();
  await (await here.start()).stop();
  assert.deepEqual(
    here.records().map(({ error_type }) => error_type),
    Array.from({ length: 40 }, () => null),
  );
});

test("R62: with durability written, so has one that ends with its connection, and an answer of LMGate's own", async (t) => {
  const here = await place(t);
  const gateway = await here.start(written);
  const first = await here.client(gateway);
  first.send(get("/openai/v1/models", "Connection: close"));
  (await here.faker.nextRequest()).connection.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  const [upstream] = here.faker.connections;
  upstream?.end();
  await first.hasEnded();
  assert.match(first.text, /until the end/);
  assert.equal(recorded(here), 1);

  const second = await here.client(gateway);
  second.send(post());
  (await here.faker.nextRequest()).connection.destroy();
  assert.equal(statusOf(await second.message()), 502);
  assert.equal(recorded(here), 2);
});

test("R62: with durability written, pipelined answers come in order, each behind its record", async (t) => {
  const here = await place(t);
  const gateway = await here.start(written);
  const client = await here.client(gateway);
  client.send(
    get("/openai/v1/models/1") + get("/openai/v1/models/2") + get("/openai/v1/models/3", "Connection: close"),
  );
  const { connection } = await here.faker.nextRequest();
  for (let n = 1; n <= 3; n++) {
    connection.send(jsonResponse(n));
    assert.match((await client.message()).body.toString(), new RegExp(`"m-${n}"`));
    assert.ok(recorded(here) >= n);
    if (n < 3) await connection.message();
  }
  await client.hasEnded();
});

const blocked = "setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000), 10); 1";

test("R66: with durability written, a ledger that hangs holds answers for a second, and only those of the first", async (t) => {
  const here = await place(t);
  const gateway = await here.start({ ...written, env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" } });
  const client = await here.client(gateway);
  await evaluateInWorker(gateway, "ledger", blocked);
  client.send(get("/openai/v1/models/1"));
  const { connection } = await here.faker.nextRequest();
  connection.send(jsonResponse(1));
  assert.equal(statusOf(await client.message()), 200);
  client.send(get("/openai/v1/models/2"));
  await connection.message();
  connection.send(jsonResponse(2));
  assert.equal(statusOf(await client.message()), 200);
  assert.equal(recorded(here), 0, "the ledger hangs, and both answers are there");
  await eventually("both are recorded", () => recorded(here) === 2);
  await eventually("both are counted", async () => (await ledgerStatus(gateway)).unconfirmed === 2);
  assert.match(gateway.output().stdout, /responses sent before their records were confirmed as written/);

  // It answers again: answers wait for it again.
  client.send(get("/openai/v1/models/3"));
  await connection.message();
  connection.send(jsonResponse(3));
  assert.equal(statusOf(await client.message()), 200);
  assert.equal(recorded(here), 3);
});

test("R53: with durability written, a file that cannot be written holds no answer", async (t) => {
  const here = await place(t);
  const gateway = await here.start({ config: { stats: { durability: "written", output_path: "/dev/full" } } });
  const client = await here.client(gateway);
  for (let n = 1; n <= 5; n++) {
    client.send(get(`/openai/v1/models/${n}`));
    if (n === 1) await here.faker.nextRequest();
    else await here.faker.connections[0]?.message();
    here.faker.connections[0]?.send(jsonResponse(n));
    assert.equal(statusOf(await client.message()), 200);
  }
  await eventually("all are counted", async () => (await ledgerStatus(gateway)).unconfirmed === 5);
  gateway.signal("SIGTERM");
  await gateway.exited();
});

test("R62: with durability written, an answer held by a ledger thread that dies is let go by the next", async (t) => {
  const here = await place(t);
  const gateway = await here.start({ ...written, env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" } });
  const client = await here.client(gateway);
  client.send(get("/openai/v1/models/1"));
  const { connection } = await here.faker.nextRequest();
  await eventually("the journal knows it", () => callsInJournal(here) === 1);
  await evaluateInWorker(gateway, "ledger", 'setTimeout(() => { throw new Error("broken on purpose"); }, 10); 1');
  await eventually("it is gone", () => gateway.output().stdout.includes("worker ended; restarting"));
  connection.send(jsonResponse(1));
  assert.equal(statusOf(await client.message()), 200);
  await eventually("there is its record", () => recorded(here) === 1);
});
