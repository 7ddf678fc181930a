import type { ProxyStatus } from "../../core/counters/status.ts";
import type { RequestListPage } from "../../store/schema/reader.ts";

// Bodies of the admin API. The dashboard imports these types and nothing else of the server. Paths are below /api/v1; errors
// are problem+json (RFC 9457).

export type { RequestRecord } from "../../core/request/request-record.ts";
export type { ProxyStatus, RecentRejection } from "../../core/counters/status.ts";
export type { RequestRow, DimensionValues, NearestRange, UnpricedModel } from "../../store/schema/reader.ts";
export type { QueryResponse, Coverage, Dimension, Filter, Metric, Series } from "../../store/schema/query.ts";

/**
 * `GET /usage?from&to&tz&bucket&group_by=model,owner&metric=cost,requests&filter=…&compare=previous&limit&order` → `QueryResponse`.
 * `filter` may be repeated; each is `<dimension><op><value>[,<value>…]` with one of `=`, `!=`, `>=`, `<=`. A value
 * `null` means unknown; `,`, `\` and the literal value `null` are escaped with `\`.
 * `GET /export.csv|.jsonl|.parquet` take the same (with `what=calls|usage`) and stream.
 * `GET /dimensions/<dimension>?from&to&tz&filter&search&limit` → `DimensionValues`, for filter menus.
 * `GET /usage/nearest?from&to&tz&filter` → `NearestRange`, or `null` if nothing matches: for empty pages.
 * `GET /prices/unpriced?from&to&tz&filter` → `UnpricedModel[]`: models in use without a price.
 */

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Appears in the gateway's log. */
  readonly request_id?: string;
  /** Which parameters or members are wrong, and why. */
  readonly errors?: readonly { readonly where: string; readonly message: string }[];
}

/** `GET /session` → this; `POST /session` {token} signs in (a cookie) → this; `DELETE /session` signs out. */
export interface SessionInfo {
  readonly signedIn: boolean;
  /** Must be sent as `x-lmgate-csrf` with every request that changes something. */
  readonly csrf: string | null;
}

/** `GET /requests?from&to&tz&filter&order&limit&cursor` → newest first, or the longest with `order=slowest`; `GET /requests/<id>` → one `RequestRecord`. */
export type RequestsPage = RequestListPage;

/*
 * `GET /requests/stream?filter=…&rate=50` as server-sent events: `call` (a `RequestRow`), `skipped` ({count}: requests
 * above `rate`), `alive` every 15 s.
 */

/** `GET /keys` → `KeyRow[]`. */
export interface KeyRow {
  readonly id: string;
  readonly owner: string;
  /** Columns of the operator's own, such as `label` or `team`. */
  readonly columns: Readonly<Record<string, string>>;
  readonly maskedKey: string;
  readonly state: "active" | "disabled" | "expired";
  readonly added: string;
  readonly expiresAt: string | null;
  readonly lastUsed: string | null;
  readonly requests24h: number;
  readonly cost24h: number | null;
  readonly cost30d: number | null;
  /** Line in the file. Two rows of one id, during a rotation, differ by it. */
  readonly line: number;
}

/** `POST /keys`. Without `apiKey`, LMGate generates a key `lmg_…` for the header `x-lmgate-key`. Only this response contains it. */
export interface NewKey {
  readonly owner: string;
  readonly id?: string;
  readonly apiKey?: string;
  readonly expiresAt?: string;
  readonly columns?: Readonly<Record<string, string>>;
}

/** The response to every change of keys, sent once every data worker has acknowledged the change. */
export interface KeysChanged {
  readonly keys: readonly KeyRow[];
  readonly secret?: string;
  readonly acknowledgedBy: number;
  readonly version: number;
}

/*
 * `PATCH /keys/<id>` {disabled?, owner?, expiresAt?}, `expiresAt: null` means never; `POST /keys/<id>/rotate` {graceSeconds,
 * apiKey?}; `DELETE /keys/<id>` revokes.
 */

/** `POST /keys/import` {csv, dryRun} */
export interface KeysImport {
  readonly dryRun: boolean;
  readonly added: readonly string[];
  readonly unchanged: readonly string[];
  readonly changed: readonly string[];
  readonly refused: readonly { readonly line: number; readonly message: string }[];
}

/** `GET /prices?search&provider` → `PriceRow[]`; US dollars for a million tokens. */
export interface PriceRow {
  readonly provider: string;
  readonly model: string;
  readonly source: "override" | "table";
  readonly input: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly output: number | null;
  /** Version of the price table, or the last change of the overrides file. */
  readonly asOf: string;
}

/** `PUT /prices/overrides/<provider>/<model>` with this; `DELETE` removes it. Applies to requests from then on. */
export interface PriceOverride {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
}

/** `GET /system`. */
export interface SystemInfo {
  readonly status: ProxyStatus;
  readonly settings: readonly { readonly path: string; readonly value: string; readonly source: string }[];
  readonly store: StoreInfo | null;
  readonly checks: readonly {
    readonly name: string;
    readonly result: "ok" | "warning" | "failure";
    readonly detail: string;
    readonly remedy?: string;
  }[];
  readonly licenses: readonly { readonly name: string; readonly version: string; readonly license: string }[];
}

export interface StoreInfo {
  readonly state: "asleep" | "starting" | "ready" | "down";
  readonly records: number;
  readonly parquetBytes: number;
  readonly ledgerBytes: number;
  readonly segments: number;
  readonly compactedThrough: string | null;
  readonly from: string | null;
  readonly badLines: number;
  readonly retention: { readonly days: number | null; readonly gigabytes: number | null };
}

/** `GET /providers`, for the Setup page: the base URL of each provider at this gateway. */
export interface ProviderInfo {
  readonly name: string;
  /** `http://<host>:<port>/<name>` as clients on this machine reach it. */
  readonly baseUrl: string;
  readonly upstream: string;
}
