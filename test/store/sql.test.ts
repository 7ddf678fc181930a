// A user's SQL can read the store's relations and nothing else.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { seededRandom } from "../harness/seeded-random.ts";
import { oddRecords } from "./odd-ledger.ts";
import { openStore } from "./opened-store.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");

test("a SELECT over calls and hours returns numbers as numbers, and at most the requested number of rows", async (t) => {
  const records = oddRecords(seededRandom(3), 100);
  const { reader } = await openStore(t, records, NOW);
  const run = (text: string, maxRows = 10): ReturnType<typeof reader.sql> =>
    reader.sql({ text, maxRows, timeoutMs: 30_000 });
  const result = await run(
    "SELECT count(*) AS n, max(cost_usd) AS cost, 2::HUGEINT ** 70 AS huge, max(ts) AS at FROM calls",
  );
  assert.deepEqual(
    result.columns.map(({ name }) => name),
    ["n", "cost", "huge", "at"],
  );
  assert.equal(result.rows[0]?.[0], 100);
  assert.equal(result.rows[0]?.[1], Math.max(...records.map(({ cost_usd }) => cost_usd ?? 0)));
  assert.deepEqual((await run("SELECT sum(requests) FROM hours")).rows, [[100]]);
  const some = await run("SELECT id FROM calls ORDER BY id -- with a comment", 3);
  assert.deepEqual([some.rows.length, some.truncated], [3, true]);
  assert.equal((await run("SELECT id FROM calls LIMIT 3", 3)).truncated, false);
});

test("SQL cannot write, read other files or change settings", async (t) => {
  const { reader, spillDirectory: directory } = await openStore(t, oddRecords(seededRandom(4), 10), NOW);
  const secret = join(directory, "..", "allowlist.csv");
  writeFileSync(secret, "id,api_key\n1,sk-secret\n");
  const target = join(directory, "out.csv");
  for (const text of [
    "DELETE FROM live",
    "INSERT INTO live SELECT * FROM live",
    "EXPLAIN ANALYZE DELETE FROM live",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    `COPY calls TO '${target}'`,
    `EXPLAIN ANALYZE COPY calls TO '${target}'`,
    `SELECT * FROM read_text('${secret}')`,
    `SELECT * FROM read_csv('${secret}')`,
    `SELECT * FROM '${secret}'`,
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SET enable_external_access = true",
    "RESET allowed_directories",
    "PRAGMA memory_limit='1TB'",
    "ATTACH 'other.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CALL pragma_version()",
    "SELECT 1; SELECT 2",
    "SELECT * FROM query('DELETE FROM live')",
    "ROLLBACK",
    "",
  ]) {
    await assert.rejects(
      reader.sql({ text, maxRows: 5, timeoutMs: 30_000 }),
      { name: "QueryError", where: "sql" },
      text,
    );
  }
  assert.ok(!existsSync(target));
  assert.deepEqual((await reader.sql({ text: "SELECT count(*) FROM calls", maxRows: 5, timeoutMs: 30_000 })).rows, [
    [10],
  ]);
});

test("a query that takes too long is interrupted, and the next one runs", async (t) => {
  const { reader } = await openStore(t, oddRecords(seededRandom(4), 10), NOW);
  const text = "SELECT count(*) FROM range(100000000000) a, range(1000000) b";
  await assert.rejects(reader.sql({ text, maxRows: 5, timeoutMs: 100 }), /longer than 0.1 s/);
  assert.deepEqual((await reader.sql({ text: "SELECT 1", maxRows: 5, timeoutMs: 30_000 })).rows, [[1]]);
});
