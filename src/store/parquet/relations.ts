import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { firstRow, inTransaction, quoted } from "../duckdb/database.ts";
import type { Manifest, Part } from "./manifest.ts";
import { REQUEST_COLUMN_NAMES, REQUEST_TABLE_COLUMNS, SEGMENT } from "../schema/request-columns.ts";
import { HOUR_NAMES, hoursSql } from "../schema/hour-columns.ts";

// Defines the relations that queries read: the rows in Parquet, and those read from the ledger since.

export interface Shape {
  readonly directory: string;
  readonly manifest: Manifest;
  /** Segments that were rewritten; their rows in Parquet no longer count. */
  readonly stale: ReadonlySet<string>;
}

/** Deletes all rows in memory. */
export async function clearLive(connection: DuckDBConnection): Promise<void> {
  await connection.run(`CREATE OR REPLACE TABLE live (${REQUEST_TABLE_COLUMNS})`);
}

/**
 * Removes the rows of some segments from memory. The rows are copied without deleting any, so that row numbers stay
 * consecutive and in order.
 */
export async function dropLive(connection: DuckDBConnection, segments: ReadonlySet<string>): Promise<void> {
  await inTransaction(connection, async () => {
    await connection.run(`CREATE OR REPLACE TABLE live AS FROM live${without(segments)}`);
    await connection.run("UPDATE shown SET state = nextval('states')");
  });
}

export async function createRelations(connection: DuckDBConnection, shape: Shape): Promise<void> {
  const { parts } = shape.manifest;
  const calls = pastOf(shape, parts, "calls");
  const hours = pastOf(shape, parts, "hours");
  const view = (name: string, columns: string, past: string, live: string): string =>
    `CREATE OR REPLACE VIEW ${name} AS SELECT ${columns} FROM ${live}${past === "" ? "" : ` UNION ALL SELECT ${columns} FROM ${past}`}`;
  await connection.run(view("calls", REQUEST_COLUMN_NAMES, calls, "live"));
  // Summed per query, and only the columns it uses: few requests are not in Parquet.
  await connection.run(view("hours", HOUR_NAMES, hours, `(${hoursSql("live")})`));
  await connection.run("CREATE SEQUENCE IF NOT EXISTS states");
  const visibleParts = JSON.stringify(
    parts.map(({ calls: file, hours: sums, records }) => ({ calls: file, hours: sums, records })),
  );
  await connection.run(
    `CREATE OR REPLACE TABLE shown AS SELECT nextval('states') AS state, ${quoted(visibleParts)} AS parts, ${shape.stale.size > 0} AS stale`,
  );
}

export type VisiblePart = Pick<Part, "calls" | "hours" | "records">;

/**
 * The state that a transaction sees. A larger number is a later state, in which more changed than rows that were added
 * to `live`.
 */
export interface VisibleState {
  readonly state: number;
  /** The number of the last row of `live`; -1 if there is none. */
  readonly lastRow: number;
  /** True if some of the rows in the files do not count. */
  readonly isStale: boolean;
  readonly parts: () => Promise<readonly VisiblePart[]>;
}

export async function visibleState(connection: DuckDBConnection): Promise<VisibleState> {
  const row = await firstRow(connection, "SELECT state, stale, (SELECT max(rowid) FROM live) AS last_row FROM shown");
  return {
    state: Number(row["state"]),
    lastRow: Number(row["last_row"] ?? -1),
    isStale: row["stale"] === true,
    // as: `createRelations` wrote it.
    parts: async () =>
      JSON.parse(String((await firstRow(connection, "SELECT parts FROM shown"))["parts"])) as VisiblePart[],
  };
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
