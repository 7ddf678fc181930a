import type { ProxyStatus } from "../../core/counters/status.ts";
import type { StoreReader } from "../../store/schema/reader.ts";
import type { AuditLog } from "./audit-log.ts";
import type { PriceOverride, PriceRow, ProviderInfo, StoreInfo, SystemInfo } from "./contract.ts";
import type { LiveRequests } from "./live-requests.ts";
import type { Metrics } from "../metrics/prometheus-metrics.ts";

/** What the routes use of the running process. */
export interface AdminServices {
  readonly status: () => ProxyStatus;
  readonly metrics: Metrics;
  /** Rotates the stats file; resolves to the name of the closed segment, or to `undefined` if it was empty. */
  readonly rotateLedger: () => Promise<string | undefined>;
  /** Reloads the allow-list; resolves once every data worker has acknowledged the version in force. */
  readonly reloadAllowlist: () => Promise<Reloaded>;
  readonly allowlistPath: string;
  /** `undefined` if the store is disabled. */
  readonly store: StoreReader | undefined;
  readonly storeInfo: () => Promise<StoreInfo | undefined>;
  readonly prices: PriceService;
  readonly liveRequests: LiveRequests;
  readonly audit: AuditLog;
  readonly providers: () => readonly ProviderInfo[];
  readonly system: () => Promise<Omit<SystemInfo, "status" | "store">>;
}

export interface Reloaded {
  readonly version: number;
  readonly acknowledgedBy: number;
  /** Why the file is not in force; `undefined` if it is. */
  readonly error: string | undefined;
}

export interface PriceService {
  readonly list: (provider: string | undefined) => Promise<readonly PriceRow[]>;
  /** Sets the operator's own price of a model; `undefined` removes it. Rejects with an `ApiError` if that is not possible. */
  readonly override: (provider: string, model: string, price: PriceOverride | undefined) => Promise<void>;
}
