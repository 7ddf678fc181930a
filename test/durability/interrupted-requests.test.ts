// Calls that end with their process or thread: each that was not over in a moment leaves a record, once.
import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { evaluateInWorker } from "../proxy/inspector.ts";
import { jsonResponse, chunk, contentEvent, get, lastChunk, lastEvents, post, streamHead } from "../proxy/fixture.ts";
import { statusOf } from "../harness/raw-message.ts";
import { testKey } from "../harness/gateway.ts";
import { callsInJournal, eventually, place, type Place } from "./fixture.ts";

/** A stream that has begun and does not end. */
async function openStream(here: Place, gateway: Awaited<ReturnType<Place["start"]>>, n: number): Promise<void> {
  const client = await here.client(gateway);
  client.send(post(`{"model":"m-${n}","stream":true}`));
  const { connection } = await here.faker.nextRequest();
  connection.send(streamHead + chunk(contentEvent(n)));
  await client.waitFor("word");
}

test("R62: calls that ran when the process was killed have a record after the next start, once", async (t) => {
  const here = await place(t);
  const first = await here.start();
  for (let n = 0; n < 5; n++) await openStream(here, first, n);
  await eventually("the journal knows them", () => callsInJournal(here) === 5);
  const journal = readFileSync(join(here.directory, "inflight.journal"), "utf8");
  assert.ok(!journal.includes(testKey.key), "the journal holds no key");
  first.signal("SIGKILL");
  await first.exited();
  assert.deepEqual(here.records(), []);

  const second = await here.start();
  await eventually("they have records", () => here.records().length === 5);
  for (const record of here.records()) {
    assert.equal(record.error_type, "interrupted");
    assert.equal(record.usage_state, "aborted");
    assert.equal(record.usage_reason, "interrupted");
    assert.equal(record.status, 200);
    assert.equal(record.stream, true);
    assert.ok(record.duration_ms !== undefined && record.duration_ms >= 0);
    assert.equal(record.lmgate_id, "k-test");
  }
  assert.deepEqual(new Set(here.records().map(({ model }) => model)), new Set(["m-0", "m-1", "m-2", "m-3", "m-4"]));
  const [crashed] = here.events().filter(({ event }) => event === "crashed");
  assert.ok(crashed?.event === "crashed");
  assert.deepEqual([crashed.last_seq, crashed.in_flight, crashed.interrupted], [0, 5, 5]);
  assert.equal(await second.stop(), 0);
  assert.ok(!existsSync(join(here.directory, "inflight.journal")), "nothing runs, and nothing says otherwise");

  await here.start();
  assert.equal(here.records().length, 5);
  assert.equal(here.events().filter(({ event }) => event === "crashed").length, 1, "the second ended in order");
});

test("R62: a call whose record reached the file is not recorded again, whatever the journal says", async (t) => {
  const here = await place(t);
  const gateway = await here.start();
  await openStream(here, gateway, 1);
  await openStream(here, gateway, 2);
  await eventually("the journal knows them", () => callsInJournal(here) === 2);
  const journal = readFileSync(join(here.directory, "inflight.journal"), "utf8");
  gateway.signal("SIGKILL");
  await gateway.exited();
  await (await here.start()).stop();
  const records = here.records();
  assert.equal(records.length, 2);

  // As if it had been killed between writing the records and letting go of their calls; and torn at that.
  writeFileSync(join(here.directory, "inflight.journal"), journal);
  appendFileSync(join(here.directory, "inflight.journal"), '{"id":"0199', "utf8");
  await (await here.start()).stop();
  assert.deepEqual(here.records(), records);
});

test("R62: short calls never touch the journal", async (t) => {
  const here = await place(t);
  const gateway = await here.start();
  const client = await here.client(gateway);
  for (let n = 0; n < 20; n++) {
    client.send(get(`/openai/v1/models/${n}`));
    const connection = n === 0 ? (await here.faker.nextRequest()).connection : undefined;
    if (connection === undefined) await here.faker.connections[0]?.message();
    here.faker.connections[0]?.send(jsonResponse(n));
    assert.equal(statusOf(await client.message()), 200);
  }
  await gateway.records(0);
  await eventually("all are recorded", () => here.records().length === 20);
  const journal = readFileSync(join(here.directory, "inflight.journal"), "utf8");
  // On a busy machine a call may take long after all.
  const long = here.records().filter(({ duration_ms = 0 }) => duration_ms >= 50);
  const known = [...journal.matchAll(/^\{"id":"([^"]+)"/gm)].map(([, id]) => id);
  assert.deepEqual(
    known.filter((id) => !long.some((record) => record.id === id)),
    [],
  );
});

const inspected = { env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" } };
const failures = {
  throws: 'setTimeout(() => { throw new Error("broken on purpose"); }, 10); 1',
  hangs: "setTimeout(() => { for (;;); }, 10); 1",
};

for (const [how, code] of Object.entries(failures)) {
  test(`R97: the calls of a data thread that ${how} leave records of their interruption`, async (t) => {
    const here = await place(t);
    const gateway = await here.start(inspected);
    for (let n = 0; n < 3; n++) await openStream(here, gateway, n);
    if (how === "hangs") await eventually("the journal knows them", () => callsInJournal(here) === 3);
    await evaluateInWorker(gateway, "data-1", code);
    await eventually("they have records", () => here.records().length === 3);
    for (const record of here.records()) assert.equal(record.error_type, "interrupted");
    const [died] = here.events().filter(({ event }) => event === "thread_died");
    assert.ok(died?.event === "thread_died");
    assert.deepEqual([died.thread, died.interrupted], ["data-1", 3]);
    assert.equal(await gateway.stop(), 0);
    assert.equal(here.records().length, 3);
  });
}

test("R97: calls outlive the ledger thread, and one that ends while there is none has its own record", async (t) => {
  const here = await place(t);
  const gateway = await here.start(inspected);
  const client = await here.client(gateway);
  client.send(post('{"model":"m-7","stream":true}'));
  const { connection } = await here.faker.nextRequest();
  connection.send(streamHead + chunk(contentEvent(7)));
  await client.waitFor("word");
  await eventually("the journal knows it", () => callsInJournal(here) === 1);
  await evaluateInWorker(gateway, "ledger", failures.throws);
  await eventually("it is gone", () => gateway.output().stdout.includes("worker ended; restarting"));
  // Its record waits for the next ledger thread.
  connection.send(chunk(lastEvents(7)) + lastChunk);
  await eventually("the call has its own record", () => here.records().length === 1);
  const [record] = here.records();
  assert.equal(record?.error_type, null, gateway.output().stdout);
  assert.equal(record.input_tokens, 1_000_007);
  assert.equal(await gateway.stop(), 0);
  assert.equal(here.records().length, 1);
  assert.deepEqual(
    here.events().map(({ event }) => event),
    ["started", "crashed", "started", "stopped"],
  );
});
