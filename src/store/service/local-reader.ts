import type { DuckDBConnection } from "@duckdb/node-api";
import type { RequestRecord } from "../../core/request/request-record.ts";
import type { HourCache } from "../backends/memory/hour-cache.ts";
import { inReadTransaction } from "../duckdb/read-transaction.ts";
import { runExport } from "../export/export.ts";
import { dimensionValues } from "../lists/dimension-values.ts";
import { keyActivity } from "../lists/key-activity.ts";
import { nearestRange } from "../lists/nearest-range.ts";
import { findRequest, listRequests } from "../lists/request-list.ts";
import { unpricedModels } from "../lists/unpriced-models.ts";
import type { QueryContext } from "../query/choose-backend.ts";
import { execute } from "../query/execute.ts";
import { runSql } from "../query/run-sql.ts";
import type { Query, QueryResponse } from "../schema/query.ts";
import { QueryError } from "../schema/query-error.ts";
import type {
  DimensionValues,
  ExportRequest,
  KeyActivity,
  NearestRange,
  RequestListPage,
  RequestListQuery,
  Scope,
  SqlQuery,
  SqlResult,
  StoreReader,
  UnpricedModel,
  ValuesQuery,
} from "../schema/reader.ts";
import { pulled } from "./pull-channel.ts";

export interface LocalReaderOptions {
  /** Lends a connection that has the relations `calls` and `hours`. */
  readonly use: <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;
  readonly now: () => number;
  /** For temporary files; DuckDB may write there. */
  readonly directory: string;
  /** Commands that run one query have none. */
  readonly cache?: HourCache | undefined;
}

/** Longer queries are interrupted. */
const MAX_MS = 120_000;

/** A reader of the store in this process. */
export class LocalReader implements StoreReader {
  readonly #options: LocalReaderOptions;

  constructor(options: LocalReaderOptions) {
    this.#options = options;
  }

  query(query: Query, signal?: AbortSignal): Promise<QueryResponse> {
    const context = this.#context;
    return this.#run((connection) => execute(connection, query, context), { signal });
  }

  listRequests(query: RequestListQuery, signal?: AbortSignal): Promise<RequestListPage> {
    return this.#run((connection) => listRequests(connection, query, this.#options.now()), { signal });
  }

  findRequest(id: string): Promise<RequestRecord | undefined> {
    return this.#run((connection) => findRequest(connection, id));
  }

  dimensionValues(query: ValuesQuery, signal?: AbortSignal): Promise<DimensionValues> {
    return this.#run((connection) => dimensionValues(connection, query, this.#context), { signal });
  }

  unpricedModels(scope: Scope): Promise<readonly UnpricedModel[]> {
    return this.#run((connection) => unpricedModels(connection, scope, this.#context));
  }

  keyActivity(): Promise<readonly KeyActivity[]> {
    return this.#run((connection) => keyActivity(connection, this.#context));
  }

  nearestRange(scope: Scope): Promise<NearestRange | undefined> {
    return this.#run((connection) => nearestRange(connection, scope, this.#options.now()));
  }

  sql(query: SqlQuery, signal?: AbortSignal): Promise<SqlResult> {
    return this.#run((connection) => runSql(connection, query), { signal });
  }

  export(request: ExportRequest, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const { directory, now } = this.#options;
    const context = { directory, now: now() };
    return pulled((channel) =>
      this.#run((connection) => runExport(connection, request, context, (bytes) => channel.put(bytes)), {
        signal,
        maxMs: undefined,
      }),
    );
  }

  get #context(): QueryContext {
    return { now: this.#options.now(), cache: this.#options.cache };
  }

  #run<T>(work: (connection: DuckDBConnection) => Promise<T>, limits: Limits = {}): Promise<T> {
    return this.#options.use((connection) =>
      withinLimits(connection, limits, () => inReadTransaction(connection, () => work(connection))),
    );
  }
}

interface Limits {
  readonly signal?: AbortSignal | undefined;
  /** `undefined` if the reader of the result decides how long it takes. */
  readonly maxMs?: number | undefined;
}

async function withinLimits<T>(connection: DuckDBConnection, limits: Limits, work: () => Promise<T>): Promise<T> {
  const { signal } = limits;
  const maxMs = "maxMs" in limits ? limits.maxMs : MAX_MS;
  signal?.throwIfAborted();
  let isLate = false;
  let interrupting: NodeJS.Timeout | undefined;
  // Repeated, because an interruption between two statements ends neither.
  const interrupt = (): void => {
    connection.interrupt();
    interrupting ??= setInterval(() => connection.interrupt(), 50);
  };
  const late = (): void => {
    isLate = true;
    interrupt();
  };
  const timer = maxMs === undefined ? undefined : setTimeout(late, maxMs);
  signal?.addEventListener("abort", interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (isLate) throw new QueryError("query", `takes longer than ${MAX_MS / 1000} s; use a shorter range`);
    throw error;
  } finally {
    clearTimeout(timer);
    clearInterval(interrupting);
    signal?.removeEventListener("abort", interrupt);
  }
}
