// The store's SQL against the same rules in JavaScript, and the columns of the relations against the fields of a record.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RECORD_FIELDS } from "../../src/core/request/record-fields.ts";
import { bucketMiddleMs, bucketMiddleSql, bucketOf, bucketSql } from "../../src/store/schema/duration-buckets.ts";
import { REQUEST_COLUMNS, REST_FIELDS } from "../../src/store/schema/request-columns.ts";
import { clientAppOf, clientAppSql } from "../../src/store/schema/client-app.ts";
import { firstRow } from "../../src/store/duckdb/database.ts";
import { HOUR_COLUMNS } from "../../src/store/schema/hour-columns.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { recordAt, storePlace } from "./fixture.ts";

test("every field of a record has a column, or is in the column `rest`", () => {
  const fields = Object.keys(RECORD_FIELDS);
  const renamed: Readonly<Record<string, string>> = { timestamp: "ts", lmgate_id: "key" };
  const kept = new Set<string>([...REQUEST_COLUMNS.map(({ name }) => name), ...REST_FIELDS, "schema"]);
  assert.deepEqual(
    fields.filter((name) => !kept.has(renamed[name] ?? name)),
    [],
  );
});

test("the relations have the documented columns with the documented types", async (t) => {
  const store = await storePlace(t).open();
  const columnsOf = async (relation: string): Promise<unknown> => {
    const result = await store.read((connection) => connection.runAndReadAll(`DESCRIBE ${relation}`));
    return result.getRowObjects().map((row) => `${String(row["column_name"])} ${String(row["column_type"])}`);
  };
  const asDocumented = (columns: readonly { readonly name: string; readonly type: string }[]): readonly string[] =>
    columns.map(
      ({ name, type }) => `${name} ${type.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE").replaceAll(", ", ",")}`,
    );
  const plain = (columns: unknown): unknown =>
    Array.isArray(columns) ? columns.map((text: string) => text.replaceAll(", ", ",")) : columns;
  assert.deepEqual(plain(await columnsOf("calls")), asDocumented(REQUEST_COLUMNS));
  assert.deepEqual(plain(await columnsOf("hours")), asDocumented(HOUR_COLUMNS));
});

test("a bucket's middle is off by a 64th at most, and SQL finds the same bucket and middle", async (t) => {
  const random = seededRandom(3);
  const store = await storePlace(t).open();
  const edges = [0, 0.001, 0.031, 0.032, 0.033, 0.063, 0.064, 1, 1000, 2 ** 20 / 1000, (2 ** 20 - 1) / 1000, 1e9, 1e12];
  const durations = [...edges, ...Array.from({ length: 2000 }, () => Math.round(10 ** (random() * 10)) / 1000)];
  for (const ms of durations) {
    const middle = bucketMiddleMs(bucketOf(ms));
    if (ms < 4e9) assert.ok(Math.abs(middle - ms) <= ms / 64 + 1e-9, `${ms} → ${middle}`);
  }
  const list = durations.map((ms) => `(${ms}::DOUBLE)`).join(", ");
  const result = await store.read((connection) =>
    connection.runAndReadAll(
      `SELECT ms, bucket, ${bucketMiddleSql("bucket")}::DOUBLE AS middle FROM (SELECT ms, ${bucketSql("ms")} AS bucket FROM (VALUES ${list}) AS t(ms))`,
    ),
  );
  const rows = result.getRowsJS().map((row) => row.map(Number));
  assert.deepEqual(
    rows,
    rows.map(([ms = 0]) => [ms, bucketOf(ms), bucketMiddleMs(bucketOf(ms))]),
  );
});

test("user agents belong to the families of the tools that send them, in SQL as well", async (t) => {
  const families: Readonly<Record<string, string>> = {
    "claude-cli/2.0.31 (external, cli)": "claude-cli",
    "codex_cli_rs/0.47.0 (Ubuntu 24.4.0; x86_64)": "codex",
    "OpenAI/Python 2.6.1": "openai-python",
    "AsyncOpenAI/Python 2.6.1": "openai-python",
    "OpenAI/JS 6.7.0": "openai-js",
    "Anthropic/Python 0.71.0": "anthropic-python",
    "AsyncAnthropic/Python 0.71.0": "anthropic-python",
    "google-genai-sdk/1.46.0 gl-python/3.12.3": "google-genai",
    "ai-sdk/openai/2.0.0": "ai-sdk",
    "curl/8.5.0": "curl",
    "CURL/8": "curl",
    "Mozilla/5.0 (X11; Linux x86_64)": "browser",
    "it's mine/1.0": "other",
    "": "other",
  };
  const store = await storePlace(t).open();
  for (const [agent, family] of Object.entries(families)) {
    assert.equal(clientAppOf(agent), family);
    const row = await store.read((connection) =>
      firstRow(connection, `SELECT ${clientAppSql("$1::VARCHAR")} AS app`, [agent]),
    );
    assert.equal(row["app"], family, agent);
  }
  assert.equal(clientAppOf(undefined), undefined);
});

test("the usage of a record becomes one word, and no sum includes replays", async (t) => {
  const place = storePlace(t);
  const nothing = { input_tokens: null, output_tokens: null, cost_usd: undefined } as const;
  place.append([
    recordAt(1, { input_tokens: 5, output_tokens: 0, usage_state: "final" }),
    recordAt(2, { ...nothing, usage_state: "missing", usage_reason: "not_requested", estimated_output_tokens: 9 }),
    recordAt(3, { ...nothing, usage_state: "missing", usage_reason: "cut" }),
    recordAt(4, { ...nothing, usage_state: "not_applicable", operation: "session" }),
    recordAt(5, { input_tokens: 500, output_tokens: 500, usage_state: "replay" }),
    recordAt(6, { ...nothing, images: 2, usage_state: "final" }),
  ]);
  const store = await place.open();
  await store.refresh();
  const words = await store.read((connection) =>
    firstRow(connection, "SELECT string_agg(usage, ' ' ORDER BY ts) AS words FROM calls"),
  );
  assert.equal(words["words"], "known estimated missing not_applicable replay known");
  const sums = await store.read((connection) =>
    firstRow(
      connection,
      "SELECT sum(requests) AS requests, sum(total_input_tokens) AS input, sum(total_input_tokens_known) AS known, sum(estimated_output_tokens) AS guess FROM hours",
    ),
  );
  assert.deepEqual(sums, { requests: 6, input: 5, known: 1, guess: 9 });
});
