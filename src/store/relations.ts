import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { inTransaction, quoted } from "./database.ts";
import type { Manifest, Part } from "./manifest.ts";
import { CALL_NAMES, CALL_TABLE, SEGMENT } from "./record-sql.ts";
import { HOUR_NAMES, HOUR_TABLE } from "./rollup-sql.ts";

// The relations that questions are asked of: what is in Parquet, and what was read from the ledger behind it.

export interface Shape {
  readonly directory: string;
  readonly manifest: Manifest;
  /** Segments that were written anew; what Parquet has of them counts no more. */
  readonly stale: ReadonlySet<string>;
}

/** Empties what is in memory. */
export async function clearLive(connection: DuckDBConnection): Promise<void> {
  await connection.run(`CREATE OR REPLACE TABLE live (${CALL_TABLE})`);
  await connection.run(`CREATE OR REPLACE TABLE live_hours (${HOUR_TABLE})`);
}

/** Takes some segments out of memory. */
export async function dropLive(connection: DuckDBConnection, segments: ReadonlySet<string>): Promise<void> {
  await inTransaction(connection, async () => {
    const values = [...segments].map(quoted).join(", ");
    for (const table of ["live", "live_hours"]) {
      await connection.run(`DELETE FROM ${table} WHERE ${SEGMENT} IN (${values})`);
    }
  });
}

export async function createRelations(connection: DuckDBConnection, shape: Shape): Promise<void> {
  const { parts } = shape.manifest;
  const calls = pastOf(shape, parts, "calls");
  const hours = pastOf(shape, parts, "hours");
  const view = (name: string, columns: string, past: string, live: string): string =>
    `CREATE OR REPLACE VIEW ${name} AS SELECT ${columns} FROM ${live}${past === "" ? "" : ` UNION ALL SELECT ${columns} FROM ${past}`}`;
  await connection.run(view("calls", CALL_NAMES, calls, "live"));
  await connection.run(view("hours", HOUR_NAMES, hours, "live_hours"));
}

function pastOf({ directory, stale }: Shape, parts: readonly Part[], kind: "calls" | "hours"): string {
  if (parts.length === 0) return "";
  return partsSql(directory, parts, kind) + without(stale);
}

/** The rows of Parquet files, in their order. */
export function partsSql(directory: string, parts: readonly Part[], kind: "calls" | "hours"): string {
  return `read_parquet([${parts.map((part) => quoted(join(directory, part[kind]))).join(", ")}])`;
}

/** Leaves out the rows of some segments. */
export function without(segments: ReadonlySet<string>): string {
  if (segments.size === 0) return "";
  return ` WHERE ${SEGMENT} NOT IN (${[...segments].map(quoted).join(", ")})`;
}
