import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import { bucketSql } from "../../schema/duration-buckets.ts";
import { requestMeasureSql } from "../../schema/measures.ts";
import { ColumnBlockBuilder, columnNames, type ColumnBlock, type ColumnName } from "./column-block.ts";
import { DIMENSION_SET_SQL, type DimensionSets } from "./dimension-sets.ts";

// Reads rows of `hours` and `calls` into column blocks.

type PlainColumn = Exclude<ColumnName, "cost_micros" | "cost_picos">;

const plainColumns = columnNames.filter((name): name is PlainColumn => name !== "cost_micros" && name !== "cost_picos");

/** A cost as two numbers without rounding: whole dollars, and trillionths of a dollar. */
function costSql(cost: string): readonly string[] {
  return [`floor(${cost})::DOUBLE`, `round((${cost} - floor(${cost}))::DOUBLE * 1e12)`];
}

/** Columns before the plain ones: time, end, dimension set, dollars, trillionths. */
const LEADING_COLUMNS = 5;
const HOUR_VALUES = [...costSql("cost_usd"), ...plainColumns.map((name) => `${name}::DOUBLE`)];
const REQUEST_VALUES = [
  ...costSql(requestMeasureSql("cost_usd")),
  ...plainColumns.map((name) => `(${requestMeasureSql(name)})::DOUBLE`),
];

/** The rows of an hours file, in the order of the file, which is by time. */
export async function loadHours(connection: DuckDBConnection, file: string, sets: DimensionSets): Promise<ColumnBlock> {
  const source = `read_parquet(${file}, file_row_number = true)`;
  const block = new ColumnBlockBuilder();
  const sql = `SELECT epoch_ms(hour)::DOUBLE, epoch_ms(last_ts)::DOUBLE, ${DIMENSION_SET_SQL}, ${HOUR_VALUES.join(", ")}
    FROM ${source}`;
  for await (const chunk of chunksOf(connection, sql)) addRows(chunk, sets, () => block);
  for (const time of ["duration", "ttft"] as const) {
    const histogram = block[time];
    let row = 0;
    const entries = `SELECT file_row_number::INTEGER AS row, unnest(map_keys(${time}_buckets))::INTEGER AS d,
      unnest(map_values(${time}_buckets))::INTEGER AS n FROM ${source}`;
    for await (const chunk of chunksOf(connection, entries)) {
      const [rows, buckets, counts] = [0, 1, 2].map((column) => chunk.getColumnVector(column));
      const { rowCount } = chunk;
      for (let at = 0; at < rowCount; at++) {
        const next = Number(rows?.getItem(at));
        if (next < row) throw new Error(`${file} was not read in the order of its rows`);
        for (; row < next; row++) histogram.end(row);
        histogram.add(Number(buckets?.getItem(at)), Number(counts?.getItem(at)));
      }
    }
    for (; row < block.rows; row++) histogram.end(row);
  }
  return block.finished();
}

/** Adds the requests of a relation, each to the block that `blockAt` selects by its time. */
export async function loadRequests(
  connection: DuckDBConnection,
  source: string,
  sets: DimensionSets,
  blockAt: (time: number) => ColumnBlockBuilder,
): Promise<void> {
  const buckets = ["duration_ms", "ttft_ms"].map(
    (name) => `CASE WHEN ${name} IS NOT NULL THEN ${bucketSql(name)}::INTEGER END`,
  );
  const values = [...REQUEST_VALUES, ...buckets].join(", ");
  const sql = `SELECT epoch_ms(ts)::DOUBLE, epoch_ms(ts)::DOUBLE, ${DIMENSION_SET_SQL}, ${values} FROM ${source}`;
  for await (const chunk of chunksOf(connection, sql)) {
    const first = LEADING_COLUMNS + plainColumns.length;
    const [durations, ttfts] = [first, first + 1].map((column) => chunk.getColumnVector(column));
    addRows(chunk, sets, (time, at) => {
      const block = blockAt(time);
      for (const [histogram, vector] of [[block.duration, durations] as const, [block.ttft, ttfts] as const]) {
        const bucket = vector?.getItem(at);
        if (typeof bucket === "number") histogram.add(bucket, 1);
        histogram.end(block.rows);
      }
      return block;
    });
  }
}

function addRows(
  chunk: DuckDBDataChunk,
  sets: DimensionSets,
  blockFor: (time: number, at: number) => ColumnBlockBuilder,
): void {
  const count = LEADING_COLUMNS + plainColumns.length;
  const vectors = Array.from({ length: count }, (_, column) => chunk.getColumnVector(column));
  const [times, ends, texts, dollars, trillionths, ...plain] = vectors;
  const numberAt = (vector: (typeof vectors)[number] | undefined, at: number): number => {
    const value = vector?.getItem(at);
    return typeof value === "number" ? value : Number.NaN;
  };
  const { rowCount } = chunk;
  for (let at = 0; at < rowCount; at++) {
    const rest = numberAt(trillionths, at);
    const micros = numberAt(dollars, at) * 1e6 + Math.floor(rest / 1e6);
    const set = sets.numberOf(String(texts?.getItem(at)));
    const row = { time: numberAt(times, at), end: numberAt(ends, at), set };
    blockFor(row.time, at).add(row, [micros, rest % 1e6, ...plain.map((vector) => numberAt(vector, at))]);
  }
}

async function* chunksOf(connection: DuckDBConnection, sql: string): AsyncGenerator<DuckDBDataChunk> {
  const result = await connection.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk;
  }
}
