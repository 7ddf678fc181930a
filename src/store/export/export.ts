import { randomUUID } from "node:crypto";
import { createReadStream, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { quoted } from "../duckdb/database.ts";
import { planQuery, queryRangeOf, requestsIn } from "../query/plan-query.ts";
import {
  csvHeader,
  requestExportColumns,
  csvLineSql,
  identifier,
  jsonLineSql,
  type ExportColumn,
} from "./export-columns.ts";
import type { RequestRange } from "../backends/query-range.ts";
import { requestsSql } from "../backends/sql/measures-sql.ts";
import { usageTable } from "./usage-export.ts";
import type { ExportRequest } from "../schema/reader.ts";
import { recordSql } from "../schema/record-text.ts";
import { numberIn, Statement } from "../duckdb/statement.ts";
import { DAY } from "../time/time-zone.ts";

/** Takes bytes; resolves to false if the reader wants no more. */
export type Put = (bytes: Uint8Array) => Promise<boolean>;

export interface ExportContext {
  readonly now: number;
  /** For a temporary Parquet file. */
  readonly directory: string;
}

const BLOCK = 256 * 1024;
const REQUESTS_PER_PART = 200_000;

/** Runs in a read transaction of the caller. */
export async function runExport(
  connection: DuckDBConnection,
  request: ExportRequest,
  context: ExportContext,
  put: Put,
): Promise<void> {
  const { format, query, what } = request;
  const lines = new Lines(format === "csv" ? "\r\n" : "\n", put);
  if (what === "usage") {
    const plan = planQuery({ ...query, limit: 1 }, context.now);
    const statement = new Statement();
    const table = usageTable(plan, queryRangeOf(plan), statement);
    if (format === "parquet")
      return await putFile(connection, parquetOf(table.sql, table.columns), statement, { context, put });
    if (format === "csv") lines.addHeader(csvHeader(table.columns), request.byteOrderMark === true);
    await lines.addAll(connection, `SELECT ${lineSql(format, table.columns)} FROM (${table.sql})`, statement);
    return await lines.end();
  }
  const range = requestsIn(query, context.now);
  if (format === "parquet") {
    const statement = new Statement();
    const sql = `${requestsSql(range, statement)} ORDER BY ts, id`;
    return await putFile(connection, parquetOf(sql, requestExportColumns()), statement, { context, put });
  }
  if (format === "csv") lines.addHeader(csvHeader(requestExportColumns()), request.byteOrderMark === true);
  const line = format === "csv" ? csvLineSql(requestExportColumns()) : recordSql();
  // Exports in parts, so that the first line comes soon and each sort fits into memory.
  for (const part of await partsOf(connection, range)) {
    const statement = new Statement();
    await lines.addAll(connection, `SELECT ${line} FROM (${requestsSql(part, statement)} ORDER BY ts, id)`, statement);
    if (lines.isClosed) return;
  }
  await lines.end();
}

function lineSql(format: "csv" | "jsonl", columns: readonly ExportColumn[]): string {
  return format === "csv" ? csvLineSql(columns) : jsonLineSql(columns);
}

function parquetOf(sql: string, columns: readonly ExportColumn[]): string {
  return `SELECT ${columns.map(({ name, value }) => `${value} AS ${identifier(name)}`).join(", ")} FROM (${sql})`;
}

/** Splits the range into parts of whole days with about `REQUESTS_PER_PART` requests each. Days without requests are left out. */
async function partsOf(connection: DuckDBConnection, range: RequestRange): Promise<readonly RequestRange[]> {
  const sql = `SELECT epoch_ms(hour) // ${DAY} AS day, sum(requests) AS calls FROM hours GROUP BY day ORDER BY day`;
  const parts: { from: number; to: number; calls: number }[] = [];
  for (const row of await new Statement().rows(connection, sql)) {
    const from = (numberIn(row, "day") ?? 0) * DAY;
    const calls = numberIn(row, "calls") ?? 0;
    const last = parts.at(-1);
    if (last !== undefined && last.calls + calls <= REQUESTS_PER_PART) {
      last.to = from + DAY;
      last.calls += calls;
    } else parts.push({ from, to: from + DAY, calls });
  }
  return parts
    .map(({ from, to }) => ({ ...range, from: Math.max(from, range.from), to: Math.min(to, range.to) }))
    .filter(({ from, to }) => from < to);
}

/** Collects lines into blocks. */
class Lines {
  readonly #lineEnd: string;
  readonly #put: Put;
  #pending: string[] = [];
  #characters = 0;
  isClosed = false;

  constructor(lineEnd: string, put: Put) {
    this.#lineEnd = lineEnd;
    this.#put = put;
  }

  addHeader(line: string, byteOrderMark: boolean): void {
    this.#add(`${byteOrderMark ? "\uFEFF" : ""}${line}`);
  }

  /** Adds the only column of a SELECT. The query is stopped if the reader wants no more. */
  async addAll(connection: DuckDBConnection, sql: string, statement: Statement): Promise<void> {
    const result = await statement.stream(connection, sql);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      for (const line of chunk.getColumnValues(0)) if (typeof line === "string") this.#add(line);
      if (this.#characters >= BLOCK) await this.#flush();
      if (this.isClosed) return;
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
    if (this.#pending.length === 0 || this.isClosed) return;
    const text = this.#pending.join(this.#lineEnd) + this.#lineEnd;
    this.#pending = [];
    this.#characters = 0;
    this.isClosed = !(await this.#put(Buffer.from(text)));
  }
}

/** Parquet has its index at the end, so it is written to a file before it is streamed. */
async function putFile(
  connection: DuckDBConnection,
  sql: string,
  statement: Statement,
  { context, put }: { readonly context: ExportContext; readonly put: Put },
): Promise<void> {
  mkdirSync(context.directory, { recursive: true, mode: 0o700 });
  const path = join(context.directory, `export-${randomUUID()}.parquet`);
  try {
    await statement.run(connection, `COPY (${sql}) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
    for await (const block of createReadStream(path, { highWaterMark: BLOCK })) {
      // as: a file stream without an encoding yields buffers.
      if (!(await put(block as Buffer))) return;
    }
  } finally {
    await rm(path, { force: true });
  }
}
