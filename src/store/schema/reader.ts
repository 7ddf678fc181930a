import type { RequestRecord } from "../../core/request/request-record.ts";
import type { Answer, Dimension, Query } from "./query.ts";

// Whoever asks need not know where the store is: in a process of its own behind a gateway, or opened by a command.

/** Every method rejects with a `QueryError` for what cannot be answered. */
export interface StoreReader {
  ask(question: Query, signal?: AbortSignal): Promise<Answer>;
  listRequests(wanted: RequestListQuery, signal?: AbortSignal): Promise<RequestListPage>;
  findRequest(id: string): Promise<RequestRecord | undefined>;
  dimensionValues(wanted: ValuesWanted, signal?: AbortSignal): Promise<DimensionValues>;
  /** Models that were called and have no price, those with most tokens first. */
  unpricedModels(scope: Scope): Promise<readonly UnpricedModel[]>;
  /** What each row of the allow-list did lately, by its id. */
  keyActivity(): Promise<readonly KeyActivity[]>;
  /** The range of the same length, nearest to this one, in which a call matches; `undefined` if none ever does. */
  nearestRange(scope: Scope): Promise<NearestRange | undefined>;
  sql(wanted: SqlWanted, signal?: AbortSignal): Promise<SqlAnswer>;
  /** Bytes as they come, however many; to be read to the end or returned. Faults come before the first of them. */
  export(wanted: ExportWanted, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Part of all calls, in the terms of a question. */
export type Scope = Pick<Query, "from" | "to" | "tz" | "filters">;

export interface RequestListQuery extends Scope {
  readonly limit: number;
  /** `slowest`: those that took longest come first, and there is one page. Default: `newest`. */
  readonly sort?: RequestOrder | undefined;
  /** Of the page before. */
  readonly cursor?: string | undefined;
}

export type RequestOrder = "newest" | "slowest";

export interface RequestListPage {
  /** Newest first. */
  readonly rows: readonly RequestRow[];
  /** Of the next, older page. */
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

export interface ValuesWanted extends Scope {
  readonly dimension: Dimension;
  /** Part of the value, in any case; taken literally. */
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
  /** `null`: unknown. */
  readonly cost24h: number | null;
  readonly cost30d: number | null;
}

/** RFC 3339. */
export interface NearestRange {
  readonly from: string;
  readonly to: string;
}

export interface SqlWanted {
  readonly text: string;
  readonly maxRows: number;
  readonly timeoutMs: number;
}

export interface SqlAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Values as JSON has them; numbers beyond its reach are texts. */
  readonly rows: readonly (readonly unknown[])[];
  /** There are more rows than were asked for. */
  readonly truncated: boolean;
}

export type ExportFormat = "csv" | "jsonl" | "parquet";

export interface ExportWanted {
  readonly format: ExportFormat;
  /** `calls`: each call by itself; `usage`: the figures of the question, of all groups. */
  readonly what: "calls" | "usage";
  readonly question: Query;
  /** For spreadsheets that take a CSV for something else without it. */
  readonly byteOrderMark?: boolean | undefined;
}
