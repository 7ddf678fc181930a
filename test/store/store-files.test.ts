// How the store handles files that are damaged, foreign, missing or too many.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ManifestError, type Part } from "../../src/store/parquet/manifest.ts";
import { partsToMerge } from "../../src/store/parquet/compaction.ts";
import { segmentsToPrune, prune } from "../../src/store/files/retention.ts";
import { verify } from "../../src/store/files/verify.ts";
import { assertHolds, linesOf, recordsFrom, storePlace } from "./fixture.ts";

const CLOSED = ["stats-20261101T000000.000Z.jsonl", "stats-20261102T000000.000Z.jsonl"];

test("files with names like the ledger's are ignored", async (t) => {
  const place = storePlace(t);
  const foreign = [
    "stats-eu.jsonl",
    "stats.jsonl.gz",
    "stats.jsonl.bak",
    "stats.jsonl.corrupt",
    "statsx.jsonl",
    "old-stats.jsonl",
  ];
  for (const name of foreign) writeFileSync(join(place.home, name), linesOf(recordsFrom(100, 3)));
  writeFileSync(join(place.home, "stats.jsonl.1"), Buffer.from([0, 1, 2, 255, 10]));
  mkdirSync(join(place.home, "stats.jsonl.2"));
  place.append(recordsFrom(0, 3));
  const store = await place.open();
  await store.refresh();
  await assertHolds(store, recordsFrom(0, 3));
});

test("a store without a ledger is empty, and reads it once it exists", async (t) => {
  const place = storePlace(t);
  const store = await place.open();
  await store.refresh();
  await store.compact();
  await assertHolds(store, []);
  place.append(recordsFrom(0, 2));
  await store.refresh();
  await assertHolds(store, recordsFrom(0, 2));
});

test("records that another process wrote to Parquet are seen, and counted once", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  const [one, other] = [await place.open(), await place.open()];
  await one.refresh();
  await other.refresh();
  await other.compact();
  place.append(recordsFrom(10, 10));
  await one.refresh();
  await assertHolds(one, recordsFrom(0, 20));
  await one.compact();
  await assertHolds(one, recordsFrom(0, 20));
  await other.refresh();
  await assertHolds(other, recordsFrom(0, 20));
});

test("many small parts are merged into few with the same rows", async (t) => {
  const place = storePlace(t);
  const store = await place.open();
  for (let nth = 0; nth < 20; nth++) {
    place.append(recordsFrom(nth * 5, 5));
    await store.refresh();
    await store.compact();
  }
  assert.ok(store.manifest.parts.length < 8, `${store.manifest.parts.length} parts`);
  await assertHolds(store, recordsFrom(0, 100));
  const { findings } = await verify(store, () => undefined);
  assert.deepEqual(findings, []);
});

test("the number of parts stays small for any number of records", () => {
  let parts: readonly Part[] = [];
  for (let nth = 0; nth < 4000; nth++) {
    parts = [...parts, part(20_000)];
    for (let few = partsToMerge(parts); few !== undefined; few = partsToMerge(parts)) {
      const merged = few;
      const records = merged.reduce((sum, one) => sum + one.records, 0);
      parts = [...parts.filter((one) => !merged.includes(one)), part(records)];
    }
  }
  assert.ok(parts.length <= 80_000_000 / 1_000_000 + 3 * 7, `${parts.length} parts for 80 million records`);
});

test("broken files are found, left out of queries, and rebuilt", async (t) => {
  const place = storePlace(t);
  writeFileSync(join(place.home, CLOSED[0] ?? ""), linesOf(recordsFrom(0, 20)));
  place.append(recordsFrom(20, 10));
  for (const damage of [(path: string) => writeFileSync(path, "not Parquet"), (path: string) => rmSync(path)]) {
    const store = await refreshed(place);
    await store.compact();
    damage(join(place.directory, store.manifest.parts[0]?.hours ?? ""));
    const damaged = await place.open();
    damaged.look();
    assert.deepEqual(kindsOf(await verify(damaged, () => undefined)), ["damage"]);
    await damaged.refresh();
    await assertHolds(damaged, recordsFrom(0, 30));
    await damaged.compact();
    const repaired = await refreshed(place);
    assert.deepEqual(kindsOf(await verify(repaired, () => undefined)), []);
    await assertHolds(repaired, recordsFrom(0, 30));
  }
});

test("a deleted folder is rebuilt", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  const store = await refreshed(place);
  await store.compact();
  rmSync(place.directory, { recursive: true });
  await store.refresh();
  await assertHolds(store, recordsFrom(0, 10));
  await store.compact();
  await assertHolds(await refreshed(place), recordsFrom(0, 10));
});

test("damage inside a file is found, and a rebuild repairs it", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 20));
  const store = await refreshed(place);
  await store.compact();
  const path = join(place.directory, store.manifest.parts[0]?.hours ?? "");
  writeFileSync(path, readFileSync(path).fill(7, 40, 400));
  const damaged = await place.open();
  damaged.look();
  assert.equal(kindsOf(await verify(damaged, () => undefined))[0], "damage");
  await damaged.rebuild({});
  assert.deepEqual(kindsOf(await verify(damaged, () => undefined)), []);
  await assertHolds(damaged, recordsFrom(0, 20));
});

test("an unreadable manifest is reported, and a rebuild from nothing repairs it", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  mkdirSync(place.directory);
  for (const content of ["", "{", '{"version":2}', "[]"]) {
    writeFileSync(join(place.directory, "manifest.json"), content);
    await assert.rejects(place.open(), ManifestError);
  }
  const store = await place.open({ fresh: true });
  await store.rebuild({});
  await assertHolds(await refreshed(place), recordsFrom(0, 10));
});

test("records whose file is deleted stay in the store, also through a rebuild", async (t) => {
  const place = storePlace(t);
  const closed = join(place.home, CLOSED[0] ?? "");
  writeFileSync(closed, linesOf(recordsFrom(0, 20)));
  place.append(recordsFrom(20, 10));
  const store = await refreshed(place);
  await store.compact();
  rmSync(closed);
  await store.refresh();
  await assertHolds(store, recordsFrom(0, 30));
  await store.rebuild({});
  await assertHolds(store, recordsFrom(0, 30));
  assert.deepEqual(kindsOf(await verify(store, () => undefined)), ["note"]);
});

test("a rebuild gives the same store as reading step by step", async (t) => {
  const place = storePlace(t);
  const store = await place.open();
  for (let nth = 0; nth < 5; nth++) {
    place.append(recordsFrom(nth * 30, 30));
    await store.refresh();
    if (nth % 2 === 0) await store.compact();
    if (nth === 2) renameSync(place.ledger, join(place.home, CLOSED[0] ?? ""));
  }
  const sums = "SELECT * EXCLUDE (requests), sum(requests) OVER () AS requests FROM hours ORDER BY ALL";
  const calls = "SELECT * FROM calls ORDER BY id";
  const rows = async (sql: string): Promise<unknown> =>
    (await store.read((connection) => connection.runAndReadAll(sql))).getRowsJson();
  await store.compact();
  const before = await rows(calls);
  await store.rebuild({});
  assert.deepEqual(await rows(calls), before);
  assert.ok(Array.isArray(await rows(sums)));
  await assertHolds(store, recordsFrom(0, 150));
});

test("retention deletes whole closed segments by age or size, reports them, and never deletes the one that is being written", async (t) => {
  const place = storePlace(t);
  for (const [nth, name] of CLOSED.entries())
    writeFileSync(join(place.home, name), linesOf(recordsFrom(nth * 100, 100)));
  place.append(recordsFrom(200, 100));
  const store = await refreshed(place);
  await store.compact();
  const now = (): number => Date.parse(recordsFrom(150, 1)[0]?.timestamp ?? "") + 86_400_000;
  const names = (days: number | undefined, bytes: number | undefined): readonly string[] =>
    segmentsToPrune(store, { days, bytes }, now()).map(({ name }) => name);
  assert.deepEqual(names(undefined, undefined), []);
  assert.deepEqual(names(1, undefined), CLOSED.slice(0, 1));
  assert.deepEqual(names(undefined, 1), CLOSED);
  assert.deepEqual(names(undefined, 10 ** 9), []);

  await prune(store, { days: 1, bytes: undefined }, now);
  await assertHolds(store, recordsFrom(100, 200));
  const left = readdirSync(place.home).filter((name) => name.startsWith("stats"));
  assert.deepEqual(new Set(left), new Set([CLOSED[1], "stats.jsonl"]));
  const [event] = readFileSync(join(place.directory, "events.jsonl"), "utf8").split("\n");
  assert.match(event ?? "", /"event":"segment_pruned".*"name":"stats-20261101T000000.000Z.jsonl".*"records":100/);
  await assertHolds(await refreshed(place), recordsFrom(100, 200));
});

test("on a full disk the old state stays, and queries include what the ledger holds beyond it", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 3000));
  // No file may grow beyond 20 KB, which has the same effect on the Parquet files as a full disk.
  const child = join(import.meta.dirname, "full-disk-child.ts");
  const tried = spawn("sh", ["-c", 'ulimit -f 40; exec "$0" "$@"', process.execPath, child, place.home], {
    stdio: ["ignore", "inherit", "inherit"],
    // The limit would also end Node.js when its compile cache grows too large.
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" },
  });
  await once(tried, "exit");
  assert.equal(tried.exitCode, 0);
  assert.deepEqual(
    readdirSync(place.directory).filter((name) => name.endsWith(".parquet")),
    [],
  );
  const store = await refreshed(place);
  await store.compact();
  await assertHolds(store, recordsFrom(0, 3000));
});

function part(records: number): Part {
  const ts = "2026-11-01T00:00:00.000Z";
  return {
    calls: "",
    hours: "",
    records,
    bytes: 0,
    digests: { calls: "", hours: "" },
    firstTs: ts,
    lastTs: ts,
    minId: null,
    maxId: null,
    segments: [],
  };
}

function kindsOf({ findings }: Awaited<ReturnType<typeof verify>>): readonly string[] {
  return findings.map(({ kind }) => kind);
}

async function refreshed(place: ReturnType<typeof storePlace>): ReturnType<typeof place.open> {
  const store = await place.open();
  await store.refresh();
  return store;
}
