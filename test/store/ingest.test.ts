// Both ways in which a batch of lines becomes rows, with lines that are no records among them.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rowsOfFileSql, rowsOfLinesSql } from "../../src/store/ingest/record-sql.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { linesOf, recordsFrom, storePlace, assertHolds } from "./fixture.ts";
import { oddRecords } from "./odd-ledger.ts";

const START = '{"timestamp":"2026-11-01T00:00:00.000Z","provider":"openai","id":"a';
const ODD_LINES: readonly string[] = [
  `${START}1","status":"200"}`,
  `${START}2","status":1e400}`,
  `${START}3","status":99999999999999999999,"total_tokens":9007199254740993}`,
  `${START}4","status":true,"total_tokens":"12"}`,
  `${START}5","total_tokens":1.5,"cost_usd":"0.5"}`,
  `${START}6","total_tokens":{"a":1},"stream":1}`,
  `${START}7","usage_raw":[1,{"b":"x"}],"tags":{"a":"b"}}`,
  `${START}8","status":200,"status":404}`,
  `${START}9","model":"a\\u0000b","owner":"\\ud83d\\ude00"}`,
  `${START}10","model":5,"owner":{"x":[1]}}`,
  `${START}11","unknown":{"deep":[[[[1]]]]},"Provider":"x"}`,
  `${START}12"}\r`,
  `   ${START}13"}  `,
  `${START}14","model":"${"x".repeat(300_000)}"}`,
];
const NO_RECORDS: readonly string[] = ["", '{"timestamp":', "null", "123", '"text"', "[1,2]", "{}", "\0", `${START}15`];

async function rowsOf(t: Parameters<typeof storePlace>[0], lines: readonly string[]) {
  const place = storePlace(t);
  const store = await place.open();
  const text = `${lines.join("\n")}\n`;
  // DuckDB may read what is in the folder for what does not fit into memory.
  const path = join(place.directory, "lines.jsonl");
  await store.compact();
  writeFileSync(path, text);
  return store.read(async (connection) => {
    const rows = async (sql: string, values: string[]) => (await connection.runAndReadAll(sql, values)).getRowsJson();
    return { ofLines: await rows(rowsOfLinesSql(), [text, "s"]), ofFile: await rows(rowsOfFileSql(path), ["s"]) };
  });
}

test("a file of records has the same rows as its lines", async (t) => {
  const records = oddRecords(seededRandom(5), 2_000).map((record) => JSON.stringify(record));
  const { ofLines, ofFile } = await rowsOf(t, records);
  assert.equal(ofLines.length, records.length);
  assert.deepEqual(ofFile, ofLines);
});

test("values of other types, repeated members and long lines have the same rows", async (t) => {
  const { ofLines, ofFile } = await rowsOf(t, ODD_LINES);
  assert.equal(ofLines.length, ODD_LINES.length);
  assert.deepEqual(ofFile, ofLines);
});

test("a large batch with lines that are no records loses no record", async (t) => {
  const records = recordsFrom(0, 2_000);
  const place = storePlace(t);
  const lines = records.flatMap((record, nth) => [JSON.stringify(record), NO_RECORDS[nth % 100] ?? ""]);
  writeFileSync(place.ledger, `${lines.join("\n")}\n`);
  const store = await place.open();
  await store.refresh();
  await assertHolds(store, records);
  const [segment] = store.segments;
  const noRecords = lines.filter((line, nth) => nth % 2 === 1 && line !== "").length;
  assert.equal(segment?.stateToWrite().bad, noRecords);
});

test("where no file can be written, a large batch is read as well", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 2_000));
  writeFileSync(join(place.home, "spill"), "a file in place of the folder");
  const store = await place.open();
  await store.refresh();
  await assertHolds(store, recordsFrom(0, 2_000));
  assert.ok(linesOf(recordsFrom(0, 2_000)).length > 256 * 1024);
});
