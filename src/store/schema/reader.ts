import type { RequestRecord } from "../../core/request/request-record.ts";
import type { QueryResponse, Dimension, Query } from "./query.ts";

// How the rest of LMGate reads the store: `LocalReader` in the same process, `remoteReader` in another.

/** Every method rejects with a `QueryError` for an invalid argument. */
export interface StoreReader {
  query(query: Query, signal?: AbortSignal): Promise<QueryResponse>;
  listRequests(query: RequestListQuery, signal?: AbortSignal): Promise<RequestListPage>;
  findRequest(id: string): Promise<RequestRecord | undefined>;
  dimensionValues(query: ValuesQuery, signal?: AbortSignal): Promise<DimensionValues>;
  /** Models that have usage without a price, those with the most tokens first. */
  unpricedModels(scope: Scope): Promise<readonly UnpricedModel[]>;
  /** The recent activity of every key that was ever used. */
  keyActivity(): Promise<readonly KeyActivity[]>;
  /** The nearest range of the same length in which a request matches; `undefined` if none ever does. */
  nearestRange(scope: Scope): Promise<NearestRange | undefined>;
  sql(query: SqlQuery, signal?: AbortSignal): Promise<SqlResult>;
  /** The caller reads to the end or ends the iteration. A `QueryError` comes before the first bytes. */
  export(request: ExportRequest, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** The requests that a query is about. */
export type Scope = Pick<Query, "from" | "to" | "tz" | "filters">;

export interface RequestListQuery extends Scope {
  readonly limit: number;
  /** `slowest` gives one page, with the longest duration first. Default: `newest`. */
  readonly sort?: RequestOrder | undefined;
  /** From the previous page. */
  readonly cursor?: string | undefined;
}

export type RequestOrder = "newest" | "slowest";

export interface RequestListPage {
  /** Newest first. */
  readonly rows: readonly RequestRow[];
  /** For the next, older page; `null` on the last one. */
  readonly cursor: string | null;
}

export type RequestRow = Pick<
  RequestRecord,
  | "id"
  | "timestamp"
  | "lmgate_id"
  | "owner"
  | "provider"
  | "model"
  | "endpoint"
  | "operation"
  | "method"
  | "status"
  | "error_type"
  | "error_code"
  | "stream"
  | "duration_ms"
  | "ttft_ms"
  | "total_input_tokens"
  | "total_output_tokens"
  | "total_tokens"
  | "cost_usd"
  | "cost_source"
  | "usage_state"
  | "usage_reason"
  | "masked_key"
> & { readonly client_app: string };

export interface ValuesQuery extends Scope {
  readonly dimension: Dimension;
  /** Part of the value, in any case. It has no wildcards. */
  readonly search?: string | undefined;
  readonly limit: number;
}

export interface DimensionValues {
  readonly dimension: string;
  readonly values: readonly { readonly value: string | null; readonly requests: number }[];
  readonly more: boolean;
}

export interface UnpricedModel {
  readonly provider: string;
  readonly model: string;
  readonly requests: number;
  readonly tokens: number;
}

export interface KeyActivity {
  readonly key: string;
  readonly lastUsed: string;
  readonly requests24h: number;
  /** `null` is unknown. */
  readonly cost24h: number | null;
  readonly cost30d: number | null;
}

/** RFC 3339. */
export interface NearestRange {
  readonly from: string;
  readonly to: string;
}

export interface SqlQuery {
  readonly text: string;
  readonly maxRows: number;
  readonly timeoutMs: number;
}

export interface SqlResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** JSON values. A number that JavaScript cannot hold exactly is a text. */
  readonly rows: readonly (readonly unknown[])[];
  /** True if there are more rows than `maxRows`. */
  readonly truncated: boolean;
}

export type ExportFormat = "csv" | "jsonl" | "parquet";

export interface ExportRequest {
  readonly format: ExportFormat;
  /** `calls` exports single requests, `usage` the result of the query for all groups. */
  readonly what: "calls" | "usage";
  readonly query: Query;
  /** Some spreadsheets need it to read CSV as UTF-8. */
  readonly byteOrderMark?: boolean | undefined;
}
