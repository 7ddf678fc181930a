import type { ProxyStatus } from "../../core/counters/status.ts";
import type { StoreReader } from "../../store/schema/reader.ts";
import type { AuditLog } from "./audit-log.ts";
import type { PriceOverride, PriceRow, ProviderInfo, StoreInfo, SystemInfo } from "./contract.ts";
import type { LiveRequests } from "./live-requests.ts";
import type { Metrics } from "../metrics/metrics.ts";

/** What the routes are given to work with. */
export interface AdminServices {
  readonly status: () => ProxyStatus;
  readonly metrics: Metrics;
  /** Closes the stats file that is written now; the name it got, or `undefined` where there was nothing to close. */
  readonly rotateLedger: () => Promise<string | undefined>;
  /** Reads the allow-list again; the version in force, once every data thread has acknowledged it. */
  readonly reloadAllowlist: () => Promise<Reloaded>;
  readonly allowlistPath: string;
  /** `undefined`: it is switched off. */
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
  /** Why the file is not in force. */
  readonly error: string | undefined;
}

export interface PriceService {
  readonly list: (provider: string | undefined) => Promise<readonly PriceRow[]>;
  /** The operator's own price of a model; `undefined` takes it back. Rejects with an `ApiError` where that cannot be. */
  readonly override: (provider: string, model: string, price: PriceOverride | undefined) => Promise<void>;
}
