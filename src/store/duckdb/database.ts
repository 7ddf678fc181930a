import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from "@duckdb/node-api";

export interface DatabaseOptions {
  readonly memoryMegabytes: number;
  readonly threads: number;
  /** Where DuckDB may write and read: the store, and temporary files for what does not fit into memory. */
  readonly directories: readonly string[];
  readonly spillDirectory: string;
}

/**
 * A database in memory, with limits on memory and threads. It can open no file outside its directories and load no
 * extension, and a query can change none of this.
 */
export class Database {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[] = [];
  #closed = false;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: `${options.memoryMegabytes}MB`,
      threads: String(options.threads),
      temp_directory: options.spillDirectory,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const database = new Database(instance);
    const directories = [...options.directories, options.spillDirectory].map(quoted).join(", ");
    await database.use(async (connection) => {
      await connection.run("SET GLOBAL TimeZone = 'UTC'");
      await connection.run(`SET GLOBAL allowed_directories = [${directories}]`);
      await connection.run("SET GLOBAL enable_external_access = false");
      await connection.run("SET GLOBAL lock_configuration = true");
    });
    return database;
  }

  /** Runs the work on a connection that is not shared. */
  async use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error("the store is closed");
    const connection = this.#idle.pop() ?? (await this.#instance.connect());
    try {
      const result = await work(connection);
      if (!this.#closed) this.#idle.push(connection);
      return result;
    } catch (error) {
      // The connection may be in any state, so it is closed instead of used again.
      connection.closeSync();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle) connection.closeSync();
    this.#instance.closeSync();
  }
}

/** Commits all statements of the work, or none of them. */
export async function inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run("BEGIN TRANSACTION");
  try {
    const result = await work();
    await connection.run("COMMIT");
    return result;
  } catch (error) {
    await connection.run("ROLLBACK");
    throw error;
  }
}

/** The only row of a result. Integers of every size are returned as numbers. */
export async function firstRow(
  connection: DuckDBConnection,
  sql: string,
  values: DuckDBValue[] = [],
): Promise<Readonly<Record<string, unknown>>> {
  const result = await connection.runAndReadAll(sql, values);
  const [row = {}] = result.getRowObjectsJS();
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
  );
}

/** A text as an SQL literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
