import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { LINE_END } from "../../jsonl/file-bytes.ts";
import { firstRow, inTransaction } from "../duckdb/database.ts";
import { isoTimeOf, type Part } from "../parquet/manifest.ts";
import { rowsOfFileSql, rowsOfLinesSql } from "./record-sql.ts";
import { partsSql, without, type Shape } from "../parquet/relations.ts";
import type { IngestCounts } from "./segment-track.ts";

// Reads lines of the ledger into memory, each record once.

const RETURN = 0x0d;

export async function ingest(
  connection: DuckDBConnection,
  bytes: Buffer,
  segment: string,
  { shape, scratch }: IngestContext,
): Promise<IngestCounts> {
  const lines = countLines(bytes);
  const batch = await readBatch(connection, bytes, { segment, lines, scratch });
  return await inTransaction(connection, async () => {
    const dropped = await dropDuplicates(connection, batch, shape);
    await connection.run("INSERT INTO live FROM batch");
    const kept = dropped === 0 ? batch : await describe(connection);
    await connection.run("DROP TABLE batch");
    return {
      records: kept.rows,
      bad: lines - batch.rows,
      duplicates: batch.rows - kept.rows,
      firstTs: kept.firstTs,
      lastTs: kept.lastTs,
    };
  });
}

export interface IngestContext {
  readonly shape: Shape;
  /** A file of this store alone, in a folder that DuckDB may read. It exists only while a batch is read. */
  readonly scratch: string;
}

/** Below this, writing a file costs more than it saves. */
const MIN_FILE_BYTES = 256 * 1024;

/** Fills the table `batch` with the rows of these lines. */
async function readBatch(
  connection: DuckDBConnection,
  bytes: Buffer,
  { segment, lines, scratch }: { readonly segment: string; readonly lines: number; readonly scratch: string },
): Promise<Batch> {
  // Bytes that are not UTF-8 become U+FFFD, because DuckDB's texts are UTF-8.
  const text = bytes.toString("utf8");
  if (bytes.length >= MIN_FILE_BYTES) {
    const found = await readFile(connection, text, segment, scratch);
    if (found?.rows === lines) return found;
  }
  await connection.run(`CREATE OR REPLACE TEMP TABLE batch AS ${rowsOfLinesSql()}`, [text, segment]);
  return describe(connection);
}

/** Reads the lines by way of a file; `undefined` if that fails, as on a full disk. */
async function readFile(
  connection: DuckDBConnection,
  text: string,
  segment: string,
  scratch: string,
): Promise<Batch | undefined> {
  try {
    mkdirSync(dirname(scratch), { recursive: true, mode: 0o700 });
    writeFileSync(scratch, text, { mode: 0o600 });
    await connection.run(`CREATE OR REPLACE TEMP TABLE batch AS ${rowsOfFileSql(scratch)}`, [segment]);
    return await describe(connection);
  } catch {
    return undefined;
  } finally {
    removeIfThere(scratch);
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It could not be written either.
  }
}

interface Batch {
  readonly rows: number;
  readonly ids: number;
  readonly distinct: number;
  readonly minId: string | undefined;
  readonly maxId: string | undefined;
  readonly firstTs: string | undefined;
  readonly lastTs: string | undefined;
}

async function describe(connection: DuckDBConnection): Promise<Batch> {
  const row = await firstRow(
    connection,
    `SELECT count(*) AS rows, count(id) AS ids, count(DISTINCT id) AS distinct_ids, min(id) AS min_id, max(id) AS max_id,
     epoch_ms(min(ts)) AS first_ts, epoch_ms(max(ts)) AS last_ts FROM batch`,
  );
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  return {
    rows: Number(row["rows"]),
    ids: Number(row["ids"]),
    distinct: Number(row["distinct_ids"]),
    minId: text(row["min_id"]),
    maxId: text(row["max_id"]),
    firstTs: isoTimeOf(row["first_ts"]),
    lastTs: isoTimeOf(row["last_ts"]),
  };
}

/**
 * Leaves in the batch only records that are new: not repeated in the batch, not in memory and not in Parquet. Returns
 * how many were dropped.
 */
async function dropDuplicates(connection: DuckDBConnection, batch: Batch, shape: Shape): Promise<number> {
  const { minId, maxId } = batch;
  if (minId === undefined || maxId === undefined) return 0;
  let dropped = 0;
  const drop = async (sql: string, values: DuckDBValue[]): Promise<void> => {
    dropped += (await connection.run(sql, values)).rowsChanged;
  };
  if (batch.distinct < batch.ids) {
    const numbered = "SELECT rowid AS row, row_number() OVER (PARTITION BY id ORDER BY rowid) AS nth FROM batch";
    await drop(`DELETE FROM batch WHERE id IS NOT NULL AND rowid IN (SELECT row FROM (${numbered}) WHERE nth > 1)`, []);
  }
  const known = "SELECT id FROM live WHERE id BETWEEN $1 AND $2";
  await drop(`DELETE FROM batch WHERE id IN (${known})`, [minId, maxId]);
  const parts = shape.manifest.parts.filter((part) => overlaps(part, minId, maxId));
  if (parts.length === 0) return dropped;
  const past = `SELECT id FROM (FROM ${partsSql(shape.directory, parts, "calls")}${without(shape.stale)}) WHERE id BETWEEN $1 AND $2`;
  await drop(`DELETE FROM batch WHERE id IN (${past})`, [minId, maxId]);
  return dropped;
}

function overlaps(part: Part, minId: string, maxId: string): boolean {
  return part.minId !== null && part.maxId !== null && part.minId <= maxId && part.maxId >= minId;
}

/** The number of lines that are not blank. */
function countLines(bytes: Buffer): number {
  let count = 0;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LINE_END, start);
    const stop = end < 0 ? bytes.length : end;
    if (stop > start && !(stop === start + 1 && bytes[start] === RETURN)) count++;
    start = stop + 1;
  }
  return count;
}
