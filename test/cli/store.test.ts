// `lmgate store …` in a child process.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { withStoreLock } from "../../src/store/files/store-lock.ts";
import { linesOf, recordsFrom } from "../store/fixture.ts";
import { cliFixture, type CliFixture } from "./run-lmgate.ts";

const CLOSED = "data/stats-20261101T000000.000Z.jsonl";

test("stats, compact and verify report the content of the store, as text and JSON", async (t) => {
  const cli = cliWithLedger(t);
  const stats = await cli.run(["store", "stats"]);
  assert.equal(stats.code, 0, stats.stderr);
  assert.match(stats.stdout, /^records\t300$/m);
  assert.match(stats.stdout, /^ {2}in Parquet\t0 /m);
  assert.match(stats.stdout, /^first record\t2026-11-01T00:00:00.000Z$/m);

  const compact = await cli.run(["store", "compact"]);
  assert.match(compact.stdout, /^added 300 records; the store has 300 records in 2 files, \d+\.\d KB\n$/);
  const report: unknown = JSON.parse((await cli.run(["store", "stats", "--json"])).stdout);
  assert.deepEqual(
    pick(report, ["records", "in_parquet", "behind_bytes", "segments", "bad_lines", "duplicates"]),
    [300, 300, 0, 2, 1, 0],
  );
  const verify = await cli.run(["store", "verify"]);
  assert.equal(verify.code, 0);
  assert.equal(
    verify.stdout,
    "note: stats.jsonl: 1 line is not a record\n300 records in Parquet, 1 part, 2 stats files: ok\n",
  );
});

test("verify reports damage with exit code 1 and its remedy, and rebuild repairs it", async (t) => {
  const cli = cliWithLedger(t);
  await cli.run(["store", "compact"]);
  const [part = ""] = readdirSync(cli.path("data/store")).filter((name) => name.startsWith("hours-"));
  writeFileSync(cli.path(`data/store/${part}`), "");
  const damaged = await cli.run(["store", "verify"]);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /rebuild the store with: lmgate store rebuild/);
  const rebuilt = await cli.run(["store", "rebuild"]);
  assert.deepEqual([rebuilt.code, rebuilt.stdout], [0, "rebuilt: 300 records of 2 stats files\n"]);
  assert.equal((await cli.run(["store", "verify"])).code, 0);

  writeFileSync(cli.path("data/store/manifest.json"), "{");
  const unreadable = await cli.run(["store", "stats"]);
  assert.equal(unreadable.code, 1);
  assert.match(unreadable.stderr, /lmgate store rebuild --from-nothing/);
  assert.equal((await cli.run(["store", "rebuild", "--from-nothing"])).code, 0);
  assert.equal((await cli.run(["store", "verify"])).code, 0);
});

test("prune asks for confirmation, deletes nothing in a dry run, and reports what it deleted", async (t) => {
  const cli = cliWithLedger(t);
  const files = (): readonly string[] => readdirSync(cli.path("data")).filter((name) => name.startsWith("stats-"));
  assert.equal((await cli.run(["store", "prune"])).code, 2);
  assert.equal((await cli.run(["store", "prune", "--older-than", "x"])).code, 2);
  const unconfirmed = await cli.run(["store", "prune", "--larger-than", "0.000001"]);
  assert.deepEqual(
    [unconfirmed.code, unconfirmed.stderr],
    [2, "lmgate: cannot ask for confirmation without a terminal; use --yes\n"],
  );
  const dryRun = await cli.run(["store", "prune", "--larger-than", "0.000001", "--dry-run"]);
  assert.match(dryRun.stdout, /^stats-20261101T000000\.000Z\.jsonl\t200\t.*\tsize$/m);
  assert.match(dryRun.stderr, /would delete 200 records/);
  assert.equal(files().length, 1);
  const done = await cli.run(["store", "prune", "--larger-than", "0.000001", "--yes"]);
  assert.equal(done.code, 0);
  assert.match(done.stderr, /^lmgate: deleted 200 records$/m);
  assert.equal(files().length, 0);
  assert.match((await cli.run(["store", "stats"])).stdout, /^records\t100$/m);
});

test("while another process changes the store, a command that would change it asks to try again", async (t) => {
  const cli = cliWithLedger(t);
  const results = await withStoreLock(cli.path("data/store"), 0, async () => [
    await cli.run(["store", "stats"]),
    await cli.run(["store", "compact"]),
  ]);
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 75],
  );
  assert.match(results[1]?.stderr ?? "", /another process is changing .*data\/store; try again later/);
});

function cliWithLedger(t: TestContext): CliFixture {
  const cli = cliFixture(t);
  mkdirSync(join(cli.directory, "config"));
  mkdirSync(join(cli.directory, "data"));
  writeFileSync(cli.path("config/lmgate.yaml"), "");
  writeFileSync(cli.path(CLOSED), linesOf(recordsFrom(0, 200)));
  writeFileSync(cli.path("data/stats.jsonl"), `${linesOf(recordsFrom(200, 100))}no record\n`);
  return cli;
}

function pick(report: unknown, names: readonly string[]): readonly unknown[] {
  const members = new Map<string, unknown>(Object.entries(typeof report === "object" && report !== null ? report : {}));
  return names.map((name) => members.get(name));
}
