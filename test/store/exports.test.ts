// Exports are complete, equal the ledger, and are safe to open in a spreadsheet.
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "csv-parse/sync";
import type { ExportRequest, StoreReader } from "../../src/store/schema/reader.ts";
import { querySchema } from "../../src/store/schema/query.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { HOSTILE, oddRecords } from "./odd-ledger.ts";
import { openStore } from "./opened-store.ts";
import { keyOf, metricOf } from "./oracle.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const everything = { from: "2026-01-01", to: "now" };

async function exported(reader: StoreReader, wanted: Partial<ExportRequest> & { asked?: object }): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  const { asked, ...rest } = wanted;
  const parsed = querySchema.parse({ ...everything, ...asked });
  for await (const block of reader.export({ format: "csv", what: "calls", query: parsed, ...rest })) blocks.push(block);
  return Buffer.concat(blocks);
}

function rowsOf(bytes: Buffer): readonly Readonly<Record<string, unknown>>[] {
  // as: each line is an object, made of columns.
  const lines = bytes.toString().trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

test("every request is a line of CSV and of JSON, in order of time, with the values of the ledger", async (t) => {
  const records = oddRecords(seededRandom(7), 1500);
  const { reader } = await openStore(t, records, NOW);
  const compareValues = records.toSorted((one, other) =>
    `${one.timestamp} ${one.id}` < `${other.timestamp} ${other.id}` ? -1 : 1,
  );
  const json = rowsOf(await exported(reader, { format: "jsonl" }));
  assert.deepEqual(
    json.map(({ id }) => id),
    compareValues.map(({ id }) => id),
  );
  assert.deepEqual(
    json.map(({ tags }) => tags ?? null),
    compareValues.map(({ tags }) => tags ?? null),
  );
  const text = (await exported(reader, {})).toString();
  assert.ok(!/[^\r]\n/.test(text.replaceAll(/"(?:[^"]|"")*"/g, "")), "lines end with CR LF");
  const rows: Record<string, string>[] = parse(text, { columns: true, record_delimiter: "\r\n" });
  assert.deepEqual(
    rows.map((row) => [row["ts"], row["id"], row["status"], row["total_output_tokens"]]),
    compareValues.map((record) => [
      record.timestamp,
      record.id,
      String(record.status ?? ""),
      String(record.total_output_tokens ?? record.output_tokens ?? ""),
    ]),
  );
  const cost = rows.reduce((sum, row) => sum + Number(row["cost_usd"]), 0);
  assert.ok(Math.abs(cost - records.reduce((sum, { cost_usd }) => sum + (cost_usd ?? 0), 0)) < 1e-9);
});

test("S56: a text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay numbers", async (t) => {
  const [some] = oddRecords(seededRandom(8), 1);
  assert.ok(some);
  const records = HOSTILE.map((hostile, at) => ({
    ...some,
    timestamp: new Date(NOW - 1000 - at * 1000).toISOString(),
    id: `id-${at}`,
    model: hostile,
    owner: hostile,
    lmgate_id: hostile,
    user_agent: hostile,
    tags: { [hostile]: hostile },
  }));
  const { reader } = await openStore(t, records, NOW);
  const rows: Record<string, string>[] = parse((await exported(reader, {})).toString(), {
    columns: true,
    record_delimiter: "\r\n",
  });
  assert.equal(rows.length, HOSTILE.length);
  for (const row of rows) {
    const hostile = HOSTILE[Number(row["id"]?.slice(3))] ?? "";
    const safe = /^[=+\-@\t\r]/.test(hostile) ? `'${hostile}` : hostile;
    for (const column of ["model", "owner", "key", "user_agent"]) assert.equal(row[column], safe, column);
    for (const cell of Object.values(row)) assert.doesNotMatch(cell, /^[=+@\t\r]|^-(?!\d)/);
  }
  const usage = await exported(reader, {
    what: "usage",
    asked: { groupBy: ["model", "tag:=1+1"], metrics: ["requests"], bucket: "none" },
  });
  const groups: string[][] = parse(usage.toString());
  assert.deepEqual(groups[0], ["model", "'tag:=1+1".slice(1), "requests"]);
  assert.ok(groups.some(([model, tag, requests]) => model === "'=1+1" && tag === "'=1+1" && requests === "1"));
});

test("the usage export has all groups, however many a page shows", async (t) => {
  const records = oddRecords(seededRandom(9), 800);
  const { reader } = await openStore(t, records, NOW);
  const asked = {
    groupBy: ["model", "owner"],
    bucket: "none",
    limit: 2,
    metrics: ["requests", "total_tokens", "duration_p95"],
  };
  const rows = rowsOf(await exported(reader, { what: "usage", format: "jsonl", asked }));
  const groups = Map.groupBy(records, (record) =>
    JSON.stringify([keyOf(record, "model", "UTC"), keyOf(record, "owner", "UTC")]),
  );
  assert.equal(rows.length, groups.size);
  for (const row of rows) {
    const calls = groups.get(JSON.stringify([row["model"], row["owner"]])) ?? [];
    assert.equal(row["requests"], calls.length);
    assert.equal(row["total_tokens"], metricOf("total_tokens", calls));
    const right = metricOf("duration_p95", calls) ?? 0;
    assert.ok(Math.abs(Number(row["duration_p95"] ?? 0) - right) <= right / 64 + 0.001);
  }
  const days = (
    await exported(reader, { what: "usage", asked: { ...asked, bucket: "1mo", tz: "Europe/Berlin" } })
  ).toString();
  assert.match(days, /^from,model,owner,requests,total_tokens,duration_p95\r\n2026-03-01T00:00:00\+01:00,/);
});

test("an exported Parquet file has the same values, and the temporary file is removed", async (t) => {
  const records = oddRecords(seededRandom(10), 300);
  const { reader, spillDirectory: directory, use } = await openStore(t, records, NOW);
  const bytes = await exported(reader, { format: "parquet" });
  assert.equal(bytes.toString("latin1", 0, 4), "PAR1");
  assert.deepEqual(readdirSync(directory), []);
  writeFileSync(join(directory, "again.parquet"), bytes);
  const [row] = await use(async (connection) =>
    (
      await connection.runAndReadAll(`SELECT count(*)::INT AS n, min(ts) = (SELECT min(ts) FROM calls) AS same
      FROM read_parquet('${join(directory, "again.parquet")}')`)
    ).getRowObjectsJS(),
  );
  assert.deepEqual(row, { n: 300, same: true });
});

test("a byte order mark comes first if requested, and the export ends when its reader stops", async (t) => {
  const { reader, spillDirectory: directory } = await openStore(t, oddRecords(seededRandom(11), 50), NOW);
  assert.deepEqual(
    [...(await exported(reader, { byteOrderMark: true })).subarray(0, 5)],
    [0xef, 0xbb, 0xbf, 0x74, 0x73],
  );
  for (const format of ["csv", "parquet"] as const) {
    for await (const block of reader.export({ format, what: "calls", query: querySchema.parse(everything) })) {
      assert.ok(block.length > 0);
      break;
    }
  }
  assert.deepEqual(readdirSync(directory), []);
  await assert.rejects(exported(reader, { asked: { tz: "Nowhere" } }), { name: "QueryError", where: "tz" });
  assert.equal((await reader.query(querySchema.parse(everything))).totals.total.requests, 50);
});
