// A store that is far behind reads the newest segments first, and responds to queries about their time before it has read all.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { firstRow } from "../../src/store/duckdb/database.ts";
import { earliestTime } from "../../src/store/query/earliest-time.ts";
import { remoteReader } from "../../src/store/service/reader-rpc.ts";
import { StoreClient } from "../../src/store/service/store-client.ts";
import type { Store } from "../../src/store/files/store.ts";
import { querySchema } from "../../src/store/schema/query.ts";
import { linesOf, recordAt, recordsFrom, storePlace, type StorePlace } from "./fixture.ts";

const LIMITS = { memoryMegabytes: 256, threads: 1, retentionDays: undefined, retentionBytes: undefined };

/** Writes records into segments of this size; the last one is the stats file itself. */
function writeSegments({ home, ledger }: StorePlace, sizes: readonly number[]): void {
  let first = 0;
  for (const [index, size] of sizes.entries()) {
    const mark = recordAt(first + size - 1).timestamp.replaceAll(/[-:]/g, "");
    const path = index === sizes.length - 1 ? ledger : join(home, `stats-${mark}.jsonl`);
    writeFileSync(path, linesOf(recordsFrom(first, size)));
    first += size;
  }
}

async function countSince(store: Store, since: number): Promise<number> {
  const from = new Date(since).toISOString();
  const row = await store.read((connection) =>
    firstRow(connection, `SELECT count(*)::INTEGER AS found FROM calls WHERE ts >= TIMESTAMP '${from.slice(0, -1)}'`),
  );
  return Number(row["found"]);
}

test("after each segment, nothing is missing of what is later than the time that is told", async (t) => {
  const place = storePlace(t);
  const sizes = [300, 200, 100, 50];
  writeSegments(place, sizes);
  const store = await place.open();
  const told: number[] = [];
  const counts: Promise<number>[] = [];
  await store.refresh({
    onCompleteSince: (since) => {
      told.push(since);
      counts.push(countSince(store, since));
    },
  });
  const firsts = [600, 500, 300, 0].map((nth) => Date.parse(recordAt(nth).timestamp) + 60_000);
  assert.deepEqual(told, firsts);
  const early = await Promise.all(counts);
  for (const [index, since] of told.entries()) assert.equal(early[index], await countSince(store, since), `${index}`);
  assert.equal(await countSince(store, 0), 650);
});

test("a query about the newest hours does not wait until everything was read", async (t) => {
  const place = storePlace(t);
  writeSegments(place, [60_000, 300]);
  const store = new StoreClient({
    settings: { enabled: true, path: place.directory, ...LIMITS },
    ledgerPath: place.ledger,
    log: { info() {}, warn() {}, error() {} },
  });
  t.after(async () => {
    store.stop();
    await store.ended;
  });
  const reader = remoteReader(store);
  const [from, to] = [recordAt(60_010).timestamp, recordAt(60_300).timestamp];
  const ended: string[] = [];
  const newest = reader
    .query(querySchema.parse({ from, to, metrics: ["requests"] }))
    .finally(() => ended.push("newest hours"));
  const all = reader
    .sql({ text: "SELECT count(*) FROM calls", maxRows: 1, timeoutMs: 60_000 })
    .finally(() => ended.push("everything"));
  assert.equal((await newest).totals.total["requests"], 290);
  assert.deepEqual((await all).rows, [[60_300]]);
  assert.deepEqual(ended, ["newest hours", "everything"]);
});

test("the earliest time of a query is that of its range, or of the period that it is compared with", () => {
  const now = Date.UTC(2026, 11, 1, 12);
  const at = (method: string, fields: object): number => earliestTime(method, querySchema.parse(fields), now);
  assert.equal(at("query", { from: "-1h" }), now - 3_600_000);
  assert.equal(at("query", { from: "-1h", compare: "previous" }), now - 7_200_000);
  assert.equal(at("listRequests", { from: "2026-11-30", tz: "UTC" }), Date.UTC(2026, 10, 30));
  for (const method of ["sql", "keyActivity", "nearestRange", "export", "findRequest", "storeInfo"]) {
    assert.equal(at(method, { from: "-1h" }), -Infinity);
  }
  assert.equal(at("query", { from: "yesterday" }), -Infinity);
  assert.equal(at("query", { tz: "Nowhere/Land" }), -Infinity);
});
