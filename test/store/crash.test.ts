// After a crash at any moment, the files on disk are the old state or the new one.
import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { readManifest } from "../../src/store/parquet/manifest.ts";
import { recordOnLine } from "../../src/core/request/record-line.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { assertHolds, recordsFrom, storePlace, type StorePlace } from "./fixture.ts";

/** What a compaction creates in the folder, in this order. */
const STEPS = {
  "the requests are being written": /^calls-/,
  "the hours are being written": /^hours-/,
  "the next manifest is being written": /^manifest\.json\.new$/,
  "the manifest was replaced": /^manifest\.json$/,
};

for (const [when, step] of Object.entries(STEPS)) {
  test(`a store whose process is killed when ${when} is complete and usable`, async (t) => {
    const place = storePlace(t);
    place.append(recordsFrom(0, 100));
    const store = await place.open();
    await store.refresh();
    await store.compact();
    const child = compacting(place, 100);
    await seen(place.directory, step);
    await kill(child);
    await checkAfterwards(place);
  });
}

test("a process that is killed at random moments loses no record and counts none twice", async (t) => {
  const random = seededRandom(7);
  const place = storePlace(t);
  mkdirSync(place.directory);
  for (let round = 0; round < 4; round++) {
    const child = compacting(place, 1000 + round * 10_000);
    await once(child, "message");
    // The delay waits for nothing; it picks a random moment to kill the process.
    await pause(random() * 150);
    await kill(child);
    await checkAfterwards(place);
  }
});

test("files that a crash left are in no manifest, and are removed after a while", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  mkdirSync(place.directory);
  const left = join(place.directory, "calls-00000001-7.parquet");
  const foreign = join(place.directory, "calls-by-hand.parquet");
  for (const path of [left, foreign, join(place.directory, "manifest.json.new")]) writeFileSync(path, "half a file");
  utimesSync(left, 1, 1);
  const store = await place.open();
  await store.refresh();
  await store.compact();
  await assertHolds(store, recordsFrom(0, 10));
  assert.deepEqual([existsSync(left), existsSync(foreign)], [false, true]);
});

function compacting(place: StorePlace, from: number): ChildProcess {
  return fork(join(import.meta.dirname, "compacting-child.ts"), [place.home, String(from)], { silent: true });
}

async function seen(directory: string, name: RegExp): Promise<void> {
  const found = Promise.withResolvers<undefined>();
  const watcher = watch(directory, (_event, file) => {
    if (file !== null && name.test(file)) found.resolve(undefined);
  });
  await found.promise;
  watcher.close();
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** Every record of the ledger is in the store once, and every file that the manifest lists is complete. */
async function checkAfterwards(place: StorePlace): Promise<void> {
  const records = readdirSync(place.home)
    .filter((name) => name.startsWith("stats"))
    .flatMap((name) => recordsIn(join(place.home, name)));
  const listed = readManifest(place.directory).parts.flatMap(({ calls, hours }) => [calls, hours]);
  assert.deepEqual(
    listed.filter((name) => !existsSync(join(place.directory, name))),
    [],
  );
  const store = await place.open();
  await store.refresh();
  await assertHolds(store, records);
  await store.compact();
  await assertHolds(store, records, "compacted");
}

function recordsIn(path: string): readonly RequestRecord[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map(recordOnLine)
    .filter((record) => record !== undefined);
}
