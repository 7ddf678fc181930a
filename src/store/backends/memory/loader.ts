import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import { bucketSql } from "../../schema/duration-buckets.ts";
import { KIND_SQL, type DimensionSets } from "./dimension-sets.ts";
import { FACT_COLUMNS, ColumnBlockBuilder, type ColumnBlock, type FactColumn } from "./column-block.ts";
import { CALL_FIGURES, CALL_UNPRICED } from "../sql/measures-sql.ts";

// Reads rows of `hours` and of `calls` into numbers.

/** Cost in two columns: whole dollars, and trillionths of one. */
const COSTS: ReadonlySet<FactColumn> = new Set(["cost_micros", "cost_picos"]);

function costSql(cost: string): readonly string[] {
  return [`floor(${cost})::DOUBLE`, `round((${cost} - floor(${cost}))::DOUBLE * 1e12)`];
}

const HOUR_VALUES = FACT_COLUMNS.filter((name) => !COSTS.has(name)).map((name) => `${name}::DOUBLE`);

function callValue(name: FactColumn): string {
  if (name === "unpriced" || name === "unpriced_tokens") return CALL_UNPRICED[name];
  // as: what is not about costs has the same name there.
  return CALL_FIGURES[name as keyof typeof CALL_FIGURES];
}

const CALL_VALUES = FACT_COLUMNS.filter((name) => !COSTS.has(name)).map((name) => `(${callValue(name)})::DOUBLE`);

/** The hours in a Parquet file, in its order, which is that of time. */
export async function loadHours(
  connection: DuckDBConnection,
  file: string,
  kinds: DimensionSets,
): Promise<ColumnBlock> {
  const source = `read_parquet(${file}, file_row_number = true)`;
  const values = [...costSql("cost_usd"), ...HOUR_VALUES];
  const block = new ColumnBlockBuilder();
  const sql = `SELECT epoch_ms(hour)::DOUBLE, epoch_ms(last_ts)::DOUBLE, ${KIND_SQL}, ${values.join(", ")}
    FROM ${source}`;
  for await (const chunk of chunksOf(connection, sql)) addRows(chunk, kinds, () => block);
  for (const time of ["duration", "ttft"] as const) {
    const spread = block[time];
    let row = 0;
    const entries = `SELECT file_row_number::INTEGER AS row, unnest(map_keys(${time}_buckets))::INTEGER AS d,
      unnest(map_values(${time}_buckets))::INTEGER AS n FROM ${source}`;
    for await (const chunk of chunksOf(connection, entries)) {
      const [rows, buckets, counts] = [0, 1, 2].map((column) => chunk.getColumnVector(column));
      const { rowCount } = chunk;
      for (let at = 0; at < rowCount; at++) {
        const next = Number(rows?.getItem(at));
        if (next < row) throw new Error(`${file} was not read in its order`);
        for (; row < next; row++) spread.end(row);
        spread.add(Number(buckets?.getItem(at)), Number(counts?.getItem(at)));
      }
    }
    for (; row < block.rows; row++) spread.end(row);
  }
  return block.finished();
}

/** Adds the calls of a relation, each to the block that is to have it. */
export async function loadRequests(
  connection: DuckDBConnection,
  source: string,
  kinds: DimensionSets,
  blockAt: (time: number) => ColumnBlockBuilder,
): Promise<void> {
  const values = [...costSql("CASE WHEN usage <> 'replay' THEN cost_usd END"), ...CALL_VALUES];
  const spreads = ["duration_ms", "ttft_ms"].map(
    (name) => `CASE WHEN ${name} IS NOT NULL THEN ${bucketSql(name)}::INTEGER END`,
  );
  const sql = `SELECT epoch_ms(ts)::DOUBLE, epoch_ms(ts)::DOUBLE, ${KIND_SQL}, ${[...values, ...spreads].join(", ")} FROM ${source}`;
  for await (const chunk of chunksOf(connection, sql)) {
    const [durations, ttfts] = [0, 1].map((nth) => chunk.getColumnVector(3 + FACT_COLUMNS.length + nth));
    addRows(chunk, kinds, (time, at) => {
      const block = blockAt(time);
      for (const [spread, vector] of [[block.duration, durations] as const, [block.ttft, ttfts] as const]) {
        const bucket = vector?.getItem(at);
        if (typeof bucket === "number") spread.add(bucket, 1);
        spread.end(block.rows);
      }
      return block;
    });
  }
}

function addRows(
  chunk: DuckDBDataChunk,
  kinds: DimensionSets,
  blockFor: (time: number, at: number) => ColumnBlockBuilder,
): void {
  const vectors = Array.from({ length: 3 + FACT_COLUMNS.length }, (_, column) => chunk.getColumnVector(column));
  const [times, lasts, texts, dollars, picos, ...others] = vectors;
  const numberAt = (vector: (typeof vectors)[number] | undefined, at: number): number => {
    const value = vector?.getItem(at);
    return typeof value === "number" ? value : Number.NaN;
  };
  const { rowCount } = chunk;
  for (let at = 0; at < rowCount; at++) {
    const beyond = numberAt(picos, at);
    const micros = numberAt(dollars, at) * 1e6 + Math.floor(beyond / 1e6);
    const [requests = Number.NaN, errors = Number.NaN, ...rest] = others.map((vector) => numberAt(vector, at));
    const kind = kinds.numberOf(String(texts?.getItem(at)));
    const row = { time: numberAt(times, at), last: numberAt(lasts, at), kind };
    blockFor(row.time, at).add(row, [requests, errors, micros, beyond % 1e6, ...rest]);
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
