import { StatementType, type DuckDBConnection } from "@duckdb/node-api";
import { QueryError } from "../schema/query-error.ts";
import type { SqlResult, SqlQuery } from "../schema/reader.ts";

// Runs a user's SQL over `calls` and `hours`. It can only read: one statement, a SELECT or its EXPLAIN, in a read-only
// transaction, on a database that can open no file but the store's and whose settings are locked.

const READING: ReadonlySet<StatementType> = new Set([StatementType.SELECT, StatementType.EXPLAIN]);
const MAX_TEXT = 100_000;
const MAX_ROWS = 100_000;
/** All cells of a result together, as JSON. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The caller runs it in a read-only transaction. */
export async function runSql(connection: DuckDBConnection, wanted: SqlQuery): Promise<SqlResult> {
  const maxRows = Math.min(wanted.maxRows, MAX_ROWS);
  const started = AbortSignal.timeout(wanted.timeoutMs);
  const interrupt = (): void => connection.interrupt();
  started.addEventListener("abort", interrupt);
  try {
    return await readRows(connection, wanted.text, maxRows);
  } catch (error) {
    if (error instanceof QueryError) throw error;
    if (started.aborted) throw new QueryError("sql", `takes longer than ${wanted.timeoutMs / 1000} s`);
    throw new QueryError("sql", error instanceof Error ? error.message : String(error));
  } finally {
    started.removeEventListener("abort", interrupt);
  }
}

async function readRows(connection: DuckDBConnection, text: string, maxRows: number): Promise<SqlResult> {
  if (text.length > MAX_TEXT) throw new QueryError("sql", `has more than ${MAX_TEXT} characters`);
  const statements = await connection.extractStatements(text);
  if (statements.count !== 1) throw new QueryError("sql", `expected one statement, got ${statements.count}`);
  const prepared = await statements.prepare(0);
  try {
    if (!READING.has(prepared.statementType)) {
      const name = StatementType[prepared.statementType] ?? "this";
      throw new QueryError("sql", `only SELECT is allowed, not ${name}: SQL can only read the store`);
    }
    const result = await prepared.stream();
    const isNumeric = result.columnTypes().map((type) => NUMERIC.test(String(type)));
    const rows: unknown[][] = [];
    let bytes = 0;
    for await (const chunk of result.yieldRowsJson()) {
      for (const row of chunk)
        rows.push(row.map((value, at) => (isNumeric[at] === true ? numberOrText(value) : value)));
      bytes += JSON.stringify(chunk).length;
      if (bytes > MAX_BYTES) throw new QueryError("sql", "the result is too large; select less, or use: lmgate export");
      if (rows.length > maxRows) break;
    }
    const columns = result.columnNames().map((name, at) => ({ name, type: String(result.columnType(at)) }));
    return { columns, rows: rows.slice(0, maxRows), truncated: rows.length > maxRows };
  } finally {
    prepared.destroySync();
  }
}

const NUMERIC = /^(U?(BIG|HUGE)INT|DECIMAL\b.*)$/;

/** Converts a text to a number where a JavaScript number holds it exactly enough. */
function numberOrText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const digits = value.replace(/^-?0*\.?0*|\.|0*$/g, "");
  return digits.length <= 15 ? Number(value) : value;
}
