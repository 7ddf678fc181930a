import type { DuckDBConnection } from "@duckdb/node-api";
import type { RequestRecord } from "../../core/request/request-record.ts";
import { ask } from "../query/execute.ts";
import { findRequest, listRequests } from "../lists/request-list.ts";
import { dimensionValues } from "../lists/dimension-values.ts";
import { runExport } from "../export/export.ts";
import type { HourCache } from "../backends/memory/hour-cache.ts";
import { handedOver } from "./pull-channel.ts";
import { keyActivity } from "../lists/key-activity.ts";
import { nearestRange } from "../lists/nearest-range.ts";
import { inReadTransaction } from "../duckdb/read-transaction.ts";
import type { Answer, Query } from "../schema/query.ts";
import { QueryError } from "../schema/query-error.ts";
import type {
  RequestListPage,
  RequestListQuery,
  DimensionValues,
  ExportWanted,
  KeyActivity,
  NearestRange,
  Scope,
  SqlAnswer,
  SqlWanted,
  StoreReader,
  UnpricedModel,
  ValuesWanted,
} from "../schema/reader.ts";
import { runSql } from "../query/run-sql.ts";
import { unpricedModels } from "../lists/unpriced-models.ts";

export interface ReaderPlace {
  /** Lends a connection on which the relations `calls` and `hours` stand. */
  readonly use: <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;
  readonly now: () => number;
  /** For files on their way; the database may write there. */
  readonly directory: string;
  /** Where one is kept: a command that asks once has no use for it. */
  readonly memory?: HourCache | undefined;
}

/** No question that people ask takes so long; what does is ended. */
const MAX_MS = 120_000;

/** The store in this process. */
export class LocalReader implements StoreReader {
  readonly #place: ReaderPlace;

  constructor(place: ReaderPlace) {
    this.#place = place;
  }

  ask(question: Query, signal?: AbortSignal): Promise<Answer> {
    const source = this.#source;
    return this.#run((connection) => ask(connection, question, source), { signal });
  }

  listRequests(wanted: RequestListQuery, signal?: AbortSignal): Promise<RequestListPage> {
    return this.#run((connection) => listRequests(connection, wanted, this.#place.now()), { signal });
  }

  findRequest(id: string): Promise<RequestRecord | undefined> {
    return this.#run((connection) => findRequest(connection, id));
  }

  dimensionValues(wanted: ValuesWanted, signal?: AbortSignal): Promise<DimensionValues> {
    return this.#run((connection) => dimensionValues(connection, wanted, this.#source), { signal });
  }

  unpricedModels(scope: Scope): Promise<readonly UnpricedModel[]> {
    return this.#run((connection) => unpricedModels(connection, scope, this.#source));
  }

  keyActivity(): Promise<readonly KeyActivity[]> {
    return this.#run((connection) => keyActivity(connection, this.#source));
  }

  nearestRange(scope: Scope): Promise<NearestRange | undefined> {
    return this.#run((connection) => nearestRange(connection, scope, this.#place.now()));
  }

  sql(wanted: SqlWanted, signal?: AbortSignal): Promise<SqlAnswer> {
    return this.#run((connection) => runSql(connection, wanted), { signal });
  }

  export(wanted: ExportWanted, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const { directory, now } = this.#place;
    const place = { directory, now: now() };
    return handedOver((handover) =>
      this.#run((connection) => runExport(connection, wanted, place, (bytes) => handover.put(bytes)), {
        signal,
        maxMs: undefined,
      }),
    );
  }

  get #source(): { readonly now: number; readonly memory: HourCache | undefined } {
    return { now: this.#place.now(), memory: this.#place.memory };
  }

  #run<T>(work: (connection: DuckDBConnection) => Promise<T>, limits: Limits = {}): Promise<T> {
    return this.#place.use((connection) =>
      endingInTime(connection, limits, () => inReadTransaction(connection, () => work(connection))),
    );
  }
}

interface Limits {
  readonly signal?: AbortSignal | undefined;
  /** `undefined`: whoever takes the answer decides how long it takes. */
  readonly maxMs?: number | undefined;
}

async function endingInTime<T>(connection: DuckDBConnection, limits: Limits, work: () => Promise<T>): Promise<T> {
  const { signal } = limits;
  const maxMs = "maxMs" in limits ? limits.maxMs : MAX_MS;
  signal?.throwIfAborted();
  let isLate = false;
  let interrupting: NodeJS.Timeout | undefined;
  // Again and again: an interruption between two statements ends neither.
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
    if (isLate) throw new QueryError("question", `takes longer than ${MAX_MS / 1000} s; ask for less`);
    throw error;
  } finally {
    clearTimeout(timer);
    clearInterval(interrupting);
    signal?.removeEventListener("abort", interrupt);
  }
}
