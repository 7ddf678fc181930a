import type { DuckDBConnection, DuckDBResult, DuckDBValue } from "@duckdb/node-api";

/**
 * An SQL text and its parameters. Values from outside are passed through `value` only; the text itself consists of
 * constants and numbers of this code.
 */
export class Statement {
  readonly #values: DuckDBValue[] = [];

  /** The placeholder of the value in the text. */
  value(value: string): string {
    this.#values.push(value);
    return `$${this.#values.length}::VARCHAR`;
  }

  /** A list of parameters. No value is in an empty list. */
  values(values: readonly string[]): string {
    return `(${values.map((value) => this.value(value)).join(", ")})`;
  }

  async rows(connection: DuckDBConnection, sql: string): Promise<readonly Row[]> {
    const result = await connection.runAndReadAll(sql, this.#values);
    return result.getRowObjectsJS();
  }

  /** Rows in the shape that the caller expects. */
  stream(connection: DuckDBConnection, sql: string): Promise<DuckDBResult> {
    return connection.stream(sql, this.#values);
  }

  async run(connection: DuckDBConnection, sql: string): Promise<void> {
    await connection.run(sql, this.#values);
  }
}

export type Row = Readonly<Record<string, unknown>>;

/** A number of this code as an SQL literal. */
export function whole(value: number): string {
  if (!Number.isSafeInteger(value)) throw new Error(`not a whole number: ${value}`);
  return String(value);
}

/** A time as an SQL constant, which DuckDB compares with the statistics of row groups to skip them. */
export function moment(instant: number): string {
  return `make_timestamptz(${whole(instant)} * 1000)`;
}

export function numberIn(row: Row, name: string): number | null {
  const value = row[name];
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" ? value : null;
}

export function textIn(row: Row, name: string): string | null {
  const value = row[name];
  return typeof value === "string" ? value : null;
}
