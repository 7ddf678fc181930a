// Requests that end together with their process or worker leave one record each, unless they were very short.
import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { snapshotRecord } from "../../src/proxy/recording/snapshot-text.ts";
import { eventually } from "../harness/until.ts";
import { evaluateInWorker } from "../proxy/inspector.ts";
import { jsonResponse, chunk, contentEvent, get, lastChunk, lastEvents, post, streamHead } from "../proxy/fixture.ts";
import { statusOf } from "../harness/raw-message.ts";
import { testKey } from "../harness/gateway.ts";
import { requestsInJournal, durabilityFixture, type DurabilityFixture } from "./fixture.ts";

/** Opens a stream that does not end. */
async function openStream(
  fixture: DurabilityFixture,
  gateway: Awaited<ReturnType<DurabilityFixture["start"]>>,
  n: number,
): Promise<void> {
  const client = await fixture.client(gateway);
  client.send(post(`{"model":"m-${n}","stream":true}`));
  const { connection } = await fixture.provider.nextRequest();
  connection.send(streamHead + chunk(contentEvent(n)));
  await client.waitFor("word");
}

function statusIn(line: string): number | null {
  const { snapshot } = JSON.parse(line) as { snapshot: string }; // as: a line of the journal
  return (JSON.parse(snapshotRecord(snapshot)) as RequestRecord).status; // as: a record without its end
}

test("R62: requests that were running when the process was killed get one record at the next start", async (t) => {
  const fixture = await durabilityFixture(t);
  const first = await fixture.start();
  for (let n = 0; n < 5; n++) await openStream(fixture, first, n);
  await eventually("they are in the journal", () => requestsInJournal(fixture) === 5);
  const journal = readFileSync(join(fixture.directory, "inflight.journal"), "utf8");
  assert.ok(!journal.includes(testKey.key), "the journal contains no key");
  first.signal("SIGKILL");
  await first.exited();
  assert.deepEqual(fixture.records(), []);

  const second = await fixture.start();
  await eventually("they have records", () => fixture.records().length === 5);
  for (const record of fixture.records()) {
    assert.equal(record.error_type, "interrupted");
    assert.equal(record.usage_state, "aborted");
    assert.equal(record.usage_reason, "interrupted");
    // The journal holds what was known when the request was written to it, before or after the response head.
    const line = journal.split("\n").find((each) => each.includes(record.id)) ?? "";
    assert.equal(record.status, statusIn(line), line);
    assert.equal(record.stream, true);
    assert.ok(record.duration_ms !== undefined && record.duration_ms >= 0);
    assert.equal(record.lmgate_id, "k-test");
  }
  assert.deepEqual(new Set(fixture.records().map(({ model }) => model)), new Set(["m-0", "m-1", "m-2", "m-3", "m-4"]));
  const [crashed] = fixture.events().filter(({ event }) => event === "crashed");
  assert.ok(crashed?.event === "crashed");
  assert.deepEqual([crashed.last_seq, crashed.in_flight, crashed.interrupted], [0, 5, 5]);
  assert.equal(await second.stop(), 0);
  assert.ok(
    !existsSync(join(fixture.directory, "inflight.journal")),
    "the journal is removed when no request is running",
  );

  await fixture.start();
  assert.equal(fixture.records().length, 5);
  assert.equal(fixture.events().filter(({ event }) => event === "crashed").length, 1, "the second stopped cleanly");
});

test("R62: requests in the journal of an earlier version, which held the records themselves, get their records", async (t) => {
  const fixture = await durabilityFixture(t);
  const first = await fixture.start();
  await openStream(fixture, first, 0);
  await eventually("it is in the journal", () => requestsInJournal(fixture) === 1);
  first.signal("SIGKILL");
  await first.exited();
  const path = join(fixture.directory, "inflight.journal");
  const lines = readFileSync(path, "utf8").split("\n");
  const old = lines.map((line) =>
    line.replace(/"snapshot":".*(?=\}$)/, () => {
      const { snapshot } = JSON.parse(line) as { snapshot: string }; // as: a line of the journal
      return `"record":${snapshotRecord(snapshot)}`;
    }),
  );
  writeFileSync(path, old.join("\n"));

  await fixture.start();
  await eventually("it has a record", () => fixture.records().length === 1);
  const [record] = fixture.records();
  assert.deepEqual([record?.error_type, record?.model, record?.stream], ["interrupted", "m-0", true]);
});

test("R62: a request whose record reached the file is not recorded again because of the journal", async (t) => {
  const fixture = await durabilityFixture(t);
  const gateway = await fixture.start();
  await openStream(fixture, gateway, 1);
  await openStream(fixture, gateway, 2);
  await eventually("they are in the journal", () => requestsInJournal(fixture) === 2);
  const journal = readFileSync(join(fixture.directory, "inflight.journal"), "utf8");
  gateway.signal("SIGKILL");
  await gateway.exited();
  await (await fixture.start()).stop();
  const records = fixture.records();
  assert.equal(records.length, 2);

  // As if it had been killed between writing the records and updating the journal, with a torn line in the journal.
  writeFileSync(join(fixture.directory, "inflight.journal"), journal);
  appendFileSync(join(fixture.directory, "inflight.journal"), '{"id":"0199', "utf8");
  await (await fixture.start()).stop();
  assert.deepEqual(fixture.records(), records);
});

test("R62: short requests are never written to the journal", async (t) => {
  const fixture = await durabilityFixture(t);
  const gateway = await fixture.start();
  const client = await fixture.client(gateway);
  for (let n = 0; n < 20; n++) {
    client.send(get(`/openai/v1/models/${n}`));
    const connection = n === 0 ? (await fixture.provider.nextRequest()).connection : undefined;
    if (connection === undefined) await fixture.provider.connections[0]?.message();
    fixture.provider.connections[0]?.send(jsonResponse(n));
    assert.equal(statusOf(await client.message()), 200);
  }
  await gateway.records(0);
  await eventually("all are recorded", () => fixture.records().length === 20);
  const journal = readFileSync(join(fixture.directory, "inflight.journal"), "utf8");
  // On a busy machine some of these requests take long.
  const long = fixture.records().filter(({ duration_ms = 0 }) => duration_ms >= 50);
  const journaled = [...journal.matchAll(/^\{"id":"([^"]+)"/gm)].map(([, id]) => id);
  assert.deepEqual(
    journaled.filter((id) => !long.some((record) => record.id === id)),
    [],
  );
});

const INSPECTED = { env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" } };
const FAILURES = {
  throws: 'setTimeout(() => { throw new Error("thrown by the test"); }, 10); 1',
  hangs: "setTimeout(() => { for (;;); }, 10); 1",
};

for (const [failure, code] of Object.entries(FAILURES)) {
  test(`R97: the requests of a data worker that ${failure} get records of their interruption`, async (t) => {
    const fixture = await durabilityFixture(t);
    const gateway = await fixture.start(INSPECTED);
    for (let n = 0; n < 3; n++) await openStream(fixture, gateway, n);
    if (failure === "hangs") await eventually("they are in the journal", () => requestsInJournal(fixture) === 3);
    await evaluateInWorker(gateway, "data-1", code);
    await eventually("they have records", () => fixture.records().length === 3);
    for (const record of fixture.records()) assert.equal(record.error_type, "interrupted");
    const [died] = fixture.events().filter(({ event }) => event === "thread_died");
    assert.ok(died?.event === "thread_died");
    assert.deepEqual([died.thread, died.interrupted], ["data-1", 3]);
    assert.equal(await gateway.stop(), 0);
    assert.equal(fixture.records().length, 3);
  });
}

test("R97: requests continue when the ledger worker dies, and one that ends before the next starts gets its own record", async (t) => {
  const fixture = await durabilityFixture(t);
  const gateway = await fixture.start(INSPECTED);
  const client = await fixture.client(gateway);
  client.send(post('{"model":"m-7","stream":true}'));
  const { connection } = await fixture.provider.nextRequest();
  connection.send(streamHead + chunk(contentEvent(7)));
  await client.waitFor("word");
  await eventually("it is in the journal", () => requestsInJournal(fixture) === 1);
  await evaluateInWorker(gateway, "ledger", FAILURES.throws);
  await eventually("the worker has ended", () => gateway.output().stdout.includes("worker ended; restarting"));
  // Its record is kept until the next ledger worker starts.
  connection.send(chunk(lastEvents(7)) + lastChunk);
  await eventually("the request has its own record", () => fixture.records().length === 1);
  const [record] = fixture.records();
  assert.equal(record?.error_type, null, gateway.output().stdout);
  assert.equal(record.input_tokens, 1_000_007);
  assert.equal(await gateway.stop(), 0);
  assert.equal(fixture.records().length, 1);
  assert.deepEqual(
    fixture.events().map(({ event }) => event),
    ["started", "crashed", "started", "stopped"],
  );
});
