// `lmgate store …` as a process of its own, with and without a gateway beside it.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { withStoreLock } from "../../src/store/files/store-lock.ts";
import { linesOf, recordsFrom } from "../store/fixture.ts";
import { workplace, type Place } from "./run-lmgate.ts";

const CLOSED = "data/stats-20261101T000000.000Z.jsonl";

test("stats, compact and verify say what the store holds, for people and for programs", async (t) => {
  const place = ledgerPlace(t);
  const stats = await place.run(["store", "stats"]);
  assert.equal(stats.code, 0, stats.stderr);
  assert.match(stats.stdout, /^records\t300$/m);
  assert.match(stats.stdout, /^ {2}in Parquet\t0 /m);
  assert.match(stats.stdout, /^first\t2026-11-01T00:00:00.000Z$/m);

  const compact = await place.run(["store", "compact"]);
  assert.match(compact.stdout, /^added 300 records; the store has 300 records in 2 files, \d+\.\d KB\n$/);
  const facts: unknown = JSON.parse((await place.run(["store", "stats", "--json"])).stdout);
  assert.deepEqual(
    pick(facts, ["records", "in_parquet", "behind_bytes", "segments", "bad_lines", "duplicates"]),
    [300, 300, 0, 2, 1, 0],
  );
  const verify = await place.run(["store", "verify"]);
  assert.equal(verify.code, 0);
  assert.equal(
    verify.stdout,
    "note: stats.jsonl: 1 line is no record\n300 records in Parquet, 1 part, 2 stats files: all is well\n",
  );
});

test("damage gives exit code 1 and what mends it, and rebuild mends it", async (t) => {
  const place = ledgerPlace(t);
  await place.run(["store", "compact"]);
  const [part = ""] = readdirSync(place.path("data/store")).filter((name) => name.startsWith("hours-"));
  writeFileSync(place.path(`data/store/${part}`), "");
  const damaged = await place.run(["store", "verify"]);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /make the store anew with: lmgate store rebuild/);
  const rebuilt = await place.run(["store", "rebuild"]);
  assert.deepEqual([rebuilt.code, rebuilt.stdout], [0, "300 records of 2 stats files\n"]);
  assert.equal((await place.run(["store", "verify"])).code, 0);

  writeFileSync(place.path("data/store/manifest.json"), "{");
  const unreadable = await place.run(["store", "stats"]);
  assert.equal(unreadable.code, 1);
  assert.match(unreadable.stderr, /lmgate store rebuild --from-nothing/);
  assert.equal((await place.run(["store", "rebuild", "--from-nothing"])).code, 0);
  assert.equal((await place.run(["store", "verify"])).code, 0);
});

test("prune asks first, deletes nothing for trial, and tells what it deleted", async (t) => {
  const place = ledgerPlace(t);
  const files = (): readonly string[] => readdirSync(place.path("data")).filter((name) => name.startsWith("stats-"));
  assert.equal((await place.run(["store", "prune"])).code, 2);
  assert.equal((await place.run(["store", "prune", "--older-than", "x"])).code, 2);
  const unasked = await place.run(["store", "prune", "--larger-than", "0.000001"]);
  assert.deepEqual([unasked.code, unasked.stderr], [2, "lmgate: nobody is there to confirm; add --yes\n"]);
  const trial = await place.run(["store", "prune", "--larger-than", "0.000001", "--dry-run"]);
  assert.match(trial.stdout, /^stats-20261101T000000\.000Z\.jsonl\t200\t.*\tsize$/m);
  assert.match(trial.stderr, /would delete 200 records/);
  assert.equal(files().length, 1);
  const done = await place.run(["store", "prune", "--larger-than", "0.000001", "--yes"]);
  assert.equal(done.code, 0);
  assert.match(done.stderr, /^lmgate: deleted 200 records$/m);
  assert.equal(files().length, 0);
  assert.match((await place.run(["store", "stats"])).stdout, /^records\t100$/m);
});

test("while another process changes the store, a command that would too says to try again", async (t) => {
  const place = ledgerPlace(t);
  const tried = await withStoreLock(place.path("data/store"), 0, async () => [
    await place.run(["store", "stats"]),
    await place.run(["store", "compact"]),
  ]);
  assert.deepEqual(
    tried.map(({ code }) => code),
    [0, 75],
  );
  assert.match(tried[1]?.stderr ?? "", /another process changes .*data\/store at the moment; try again in a while/);
});

function ledgerPlace(t: TestContext): Place {
  const place = workplace(t);
  mkdirSync(join(place.directory, "config"));
  mkdirSync(join(place.directory, "data"));
  writeFileSync(place.path("config/lmgate.yaml"), "");
  writeFileSync(place.path(CLOSED), linesOf(recordsFrom(0, 200)));
  writeFileSync(place.path("data/stats.jsonl"), `${linesOf(recordsFrom(200, 100))}no record\n`);
  return place;
}

function pick(facts: unknown, names: readonly string[]): readonly unknown[] {
  const members = new Map<string, unknown>(Object.entries(typeof facts === "object" && facts !== null ? facts : {}));
  return names.map((name) => members.get(name));
}
