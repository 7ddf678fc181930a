import type { DuckDBConnection } from "@duckdb/node-api";

/** Every query inside sees the same state of the store, whatever is written meanwhile. Nothing can be written. */
export async function inReadTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run("BEGIN TRANSACTION READ ONLY");
  try {
    return await work();
  } finally {
    await connection.run("ROLLBACK");
  }
}
