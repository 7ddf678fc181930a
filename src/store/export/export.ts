import { randomUUID } from "node:crypto";
import { createReadStream, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { rangeOfRequests } from "../query/execute.ts";
import { quoted } from "../duckdb/database.ts";
import { requestsIn, decide } from "../query/plan-query.ts";
import { callColumns, csvHeader, csvLineSql, identifier, jsonLineSql, type ExportColumn } from "./export-columns.ts";
import { requestsSql, type RequestRange } from "../backends/sql/measures-sql.ts";
import { usageTable } from "./usage-export.ts";
import type { ExportRequest } from "../schema/reader.ts";
import { recordSql } from "../schema/record-text.ts";
import { numberIn, Statement } from "../duckdb/statement.ts";
import { DAY } from "../time/time-zone.ts";

/** Takes bytes; false when no more are wanted. */
export type Put = (bytes: Uint8Array) => Promise<boolean>;

export interface ExportPlace {
  readonly now: number;
  /** For a file on its way. */
  readonly directory: string;
}

const BLOCK = 256 * 1024;
const PART_CALLS = 200_000;

/** To be run in a transaction that only reads. */
export async function runExport(
  connection: DuckDBConnection,
  wanted: ExportRequest,
  place: ExportPlace,
  put: Put,
): Promise<void> {
  const { format, question, what } = wanted;
  const lines = new Lines(format === "csv" ? "\r\n" : "\n", put);
  if (what === "usage") {
    const decided = decide({ ...question, limit: 1 }, place.now);
    const statement = new Statement();
    const table = usageTable(decided, rangeOfRequests(decided), statement);
    if (format === "parquet")
      return await putFile(connection, parquetOf(table.sql, table.columns), statement, { place, put });
    if (format === "csv") lines.addHeader(csvHeader(table.columns), wanted.byteOrderMark === true);
    await lines.addAll(connection, `SELECT ${lineSql(format, table.columns)} FROM (${table.sql})`, statement);
    return await lines.end();
  }
  const range = requestsIn(question, place.now);
  if (format === "parquet") {
    const statement = new Statement();
    const sql = `${requestsSql(range, statement)} ORDER BY ts, id`;
    return await putFile(connection, parquetOf(sql, callColumns()), statement, { place, put });
  }
  if (format === "csv") lines.addHeader(csvHeader(callColumns()), wanted.byteOrderMark === true);
  const line = format === "csv" ? csvLineSql(callColumns()) : recordSql();
  // In parts, so that the first line comes soon and what is put in order fits into memory.
  for (const part of await partsOf(connection, range)) {
    const statement = new Statement();
    await lines.addAll(connection, `SELECT ${line} FROM (${requestsSql(part, statement)} ORDER BY ts, id)`, statement);
    if (lines.isRefused) return;
  }
  await lines.end();
}

function lineSql(format: "csv" | "jsonl", columns: readonly ExportColumn[]): string {
  return format === "csv" ? csvLineSql(columns) : jsonLineSql(columns);
}

function parquetOf(sql: string, columns: readonly ExportColumn[]): string {
  return `SELECT ${columns.map(({ name, value }) => `${value} AS ${identifier(name)}`).join(", ")} FROM (${sql})`;
}

/** The range in parts of whole days with about so many calls each, as far as there are calls. */
async function partsOf(connection: DuckDBConnection, range: RequestRange): Promise<readonly RequestRange[]> {
  const sql = `SELECT epoch_ms(hour) // ${DAY} AS day, sum(requests) AS calls FROM hours GROUP BY day ORDER BY day`;
  const parts: { from: number; to: number; calls: number }[] = [];
  for (const row of await new Statement().rows(connection, sql)) {
    const from = (numberIn(row, "day") ?? 0) * DAY;
    const calls = numberIn(row, "calls") ?? 0;
    const last = parts.at(-1);
    if (last !== undefined && last.calls + calls <= PART_CALLS) {
      last.to = from + DAY;
      last.calls += calls;
    } else parts.push({ from, to: from + DAY, calls });
  }
  return parts
    .map(({ from, to }) => ({ ...range, from: Math.max(from, range.from), to: Math.min(to, range.to) }))
    .filter(({ from, to }) => from < to);
}

/** Lines of text, gathered to blocks. */
class Lines {
  readonly #lineEnd: string;
  readonly #put: Put;
  #pending: string[] = [];
  #characters = 0;
  isRefused = false;

  constructor(lineEnd: string, put: Put) {
    this.#lineEnd = lineEnd;
    this.#put = put;
  }

  addHeader(line: string, byteOrderMark: boolean): void {
    this.#add(`${byteOrderMark ? "\uFEFF" : ""}${line}`);
  }

  /** The lines are the only column of a SELECT, of which no more is computed than is wanted. */
  async addAll(connection: DuckDBConnection, sql: string, statement: Statement): Promise<void> {
    const result = await statement.stream(connection, sql);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      for (const line of chunk.getColumnValues(0)) if (typeof line === "string") this.#add(line);
      if (this.#characters >= BLOCK) await this.#flush();
      if (this.isRefused) return;
    }
  }

  async end(): Promise<void> {
    await this.#flush();
  }

  #add(line: string): void {
    this.#pending.push(line);
    this.#characters += line.length;
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0 || this.isRefused) return;
    const text = this.#pending.join(this.#lineEnd) + this.#lineEnd;
    this.#pending = [];
    this.#characters = 0;
    this.isRefused = !(await this.#put(Buffer.from(text)));
  }
}

/** Parquet ends with its table of contents, so it is a file before it is a stream. */
async function putFile(
  connection: DuckDBConnection,
  sql: string,
  statement: Statement,
  { place, put }: { readonly place: ExportPlace; readonly put: Put },
): Promise<void> {
  mkdirSync(place.directory, { recursive: true, mode: 0o700 });
  const path = join(place.directory, `export-${randomUUID()}.parquet`);
  try {
    await statement.run(connection, `COPY (${sql}) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
    for await (const block of createReadStream(path, { highWaterMark: BLOCK })) {
      // as: without an encoding a stream of a file gives buffers.
      if (!(await put(block as Buffer))) return;
    }
  } finally {
    await rm(path, { force: true });
  }
}
