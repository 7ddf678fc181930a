import type { DuckDBConnection, DuckDBResult, DuckDBValue } from "@duckdb/node-api";

/**
 * The text of a statement and the values it is run with. Values of others come in through `value` alone: the text is put
 * together from words of ours and from numbers.
 */
export class Statement {
  readonly #values: DuckDBValue[] = [];

  /** What stands for the value in the text. */
  value(value: string): string {
    this.#values.push(value);
    return `$${this.#values.length}::VARCHAR`;
  }

  /** A list of values; of none, nothing is a part. */
  values(values: readonly string[]): string {
    return `(${values.map((value) => this.value(value)).join(", ")})`;
  }

  async rows(connection: DuckDBConnection, sql: string): Promise<readonly Row[]> {
    const result = await connection.runAndReadAll(sql, this.#values);
    return result.getRowObjectsJS();
  }

  /** Rows as they are asked for. */
  stream(connection: DuckDBConnection, sql: string): Promise<DuckDBResult> {
    return connection.stream(sql, this.#values);
  }

  async run(connection: DuckDBConnection, sql: string): Promise<void> {
    await connection.run(sql, this.#values);
  }
}

export type Row = Readonly<Record<string, unknown>>;

/** A number of ours in SQL. */
export function whole(value: number): string {
  if (!Number.isSafeInteger(value)) throw new Error(`no whole number: ${value}`);
  return String(value);
}

/** A moment, as a constant by which DuckDB can leave out what lies elsewhere. */
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
