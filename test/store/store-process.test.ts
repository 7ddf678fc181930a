// The store's process, as the gateway uses it.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { constants, getPriority } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { remoteReader } from "../../src/store/service/reader-rpc.ts";
import { StoreClient, StoreUnavailable } from "../../src/store/service/store-client.ts";
import { run } from "../harness/run-program.ts";
import { Waiting } from "../harness/until.ts";
import { linesOf, recordsFrom, storePlace, type StorePlace } from "./fixture.ts";

const COUNT = { text: "SELECT count(*) FROM calls", maxRows: 1, timeoutMs: 10_000 };
const ENDLESS = {
  text: "SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i)",
  maxRows: 1,
  timeoutMs: 60_000,
};

test("every record of the ledger is in the next result, from the first query on", async (t) => {
  const place = storePlace(t);
  const { store } = started(t, place);
  const reader = remoteReader(store);
  for (let nth = 0; nth < 3; nth++) {
    appendFileSync(place.ledger, linesOf(recordsFrom(nth * 10, 10)));
    assert.deepEqual((await reader.sql(COUNT)).rows, [[(nth + 1) * 10]]);
  }
});

test("a query fails when its process is killed, and a new process runs the next one", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  const { store, log, waiting } = started(t, place);
  const reader = remoteReader(store);
  await reader.sql(COUNT);
  const rejected = assert.rejects(reader.sql(ENDLESS), StoreUnavailable);
  process.kill(store.pid ?? 0, "SIGKILL");
  await rejected;
  await waiting.until("a warning in the log", () =>
    log.find((line) => line.startsWith("warn the store's process ended")),
  );
  assert.deepEqual((await reader.sql(COUNT)).rows, [[10]]);
  assert.equal(store.restarts, 1);
});

test("a store that cannot be used is set aside, which is logged once, and the next query has every record", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  mkdirSync(place.directory);
  writeFileSync(
    join(place.directory, "manifest.json"),
    '{"version":1,"generation":0,"parts":[],"segments":[{"bad":-1}]}',
  );
  const { store, log } = started(t, place);
  assert.deepEqual((await remoteReader(store).sql(COUNT)).rows, [[10]]);
  const message =
    "warn the query store could not be used; it was set aside, and a new one is built from the stats files";
  assert.deepEqual(
    log.filter((line) => !line.startsWith("info")),
    [message],
  );
  assert.equal(store.restarts, 0);
});

test("a stopped store rejects queries, and its process has ended", async (t) => {
  const { store } = started(t, storePlace(t));
  await remoteReader(store).sql(COUNT);
  const pid = store.pid ?? 0;
  store.stop();
  await assert.rejects(remoteReader(store).sql(COUNT), StoreUnavailable);
  await store.ended;
  assert.throws(() => process.kill(pid, 0));
});

test("a canceled query ends, and the store runs others meanwhile", async (t) => {
  const { store } = started(t, storePlace(t));
  const reader = remoteReader(store);
  await assert.rejects(reader.sql(ENDLESS, AbortSignal.abort()));
  const controller = new AbortController();
  const rejected = assert.rejects(reader.sql(ENDLESS, controller.signal));
  assert.deepEqual((await reader.sql(COUNT)).rows, [[0]]);
  controller.abort();
  await rejected;
  assert.deepEqual((await reader.sql(COUNT)).rows, [[0]]);
});

test("the process has a lower priority than the gateway, which does not load the database itself", async (t) => {
  const { store } = started(t, storePlace(t));
  await remoteReader(store).sql(COUNT);
  assert.equal(getPriority(store.pid), constants.priority.PRIORITY_LOW);
  const script = 'await import("./src/app/app.ts"); console.log(process.report.getReport().sharedObjects.join());';
  const { stdout, code } = await run(process.execPath, ["--input-type=module", "--eval", script]);
  assert.equal(code, 0);
  assert.match(stdout, /libc/);
  assert.doesNotMatch(stdout, /duckdb/);
});

test("no process runs before the first query", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  const { store } = started(t, place);
  assert.deepEqual([store.pid, store.isAsleep], [undefined, true]);
  assert.deepEqual((await remoteReader(store).sql(COUNT)).rows, [[10]]);
  assert.equal(store.isAsleep, false);
});

test("the process ends after a while without queries, and the next query misses nothing", async (t) => {
  const place = storePlace(t);
  const { store, log } = started(t, place, 1);
  const reader = remoteReader(store);
  for (let nth = 0; nth < 3; nth++) {
    place.append(recordsFrom(nth * 10, 10));
    assert.deepEqual((await reader.sql(COUNT)).rows, [[(nth + 1) * 10]]);
    const { pid = 0 } = store;
    await store.ended;
    assert.throws(() => process.kill(pid, 0), "the process has ended");
    assert.deepEqual([store.pid, store.isAsleep, store.restarts], [undefined, true, 0]);
  }
  assert.deepEqual(
    log.filter((line) => line.startsWith("warn")),
    [],
  );
});

test("a query that comes while the process is ending waits for the next one", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  const { store, waiting, log } = started(t, place, 1);
  const reader = remoteReader(store);
  await reader.sql(COUNT);
  await waiting.until("the process is told to end", () => log.find((line) => line.includes("no queries for a while")));
  assert.equal(store.isAsleep, true);
  const results = await Promise.all([reader.sql(COUNT), reader.sql(COUNT)]);
  assert.deepEqual(
    results.map(({ rows }) => rows),
    [[[10]], [[10]]],
  );
});

test("a result that is still being read keeps the process running", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  const { store } = started(t, place, 1);
  const reader = remoteReader(store);
  const slow = reader.sql({ ...ENDLESS, text: "SELECT sum(a.i * b.i) FROM range(30000) a(i), range(3000) b(i)" });
  await reader.sql(COUNT);
  const { pid } = store;
  await slow;
  assert.equal(store.pid, pid);
});

interface Started {
  readonly store: StoreClient;
  readonly log: readonly string[];
  readonly waiting: Waiting;
}

function started(t: TestContext, place: StorePlace, idleMs?: number): Started {
  const log: string[] = [];
  const waiting = new Waiting();
  const note = (level: string) => (_fields: object, message: string) => {
    log.push(`${level} ${message}`);
    waiting.changed();
  };
  const limits = { memoryMegabytes: 256, threads: 2, retentionDays: undefined, retentionBytes: undefined };
  const store = new StoreClient({
    settings: { enabled: true, path: place.directory, ...limits },
    ledgerPath: place.ledger,
    ...(idleMs === undefined ? {} : { idleMs }),
    log: { info: note("info"), warn: note("warn"), error: note("error") },
  });
  t.after(async () => {
    store.stop();
    await store.ended;
  });
  return { store, log, waiting };
}
