import type { DuckDBConnection } from "@duckdb/node-api";

/** What is read inside is of one moment, whatever is written meanwhile; nothing can be written. */
export async function inReadTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run("BEGIN TRANSACTION READ ONLY");
  try {
    return await work();
  } finally {
    await connection.run("ROLLBACK");
  }
}
