import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AuditLog } from "../admin/api/audit-log.ts";
import type { ProviderInfo, StoreInfo } from "../admin/api/contract.ts";
import { LiveRequests } from "../admin/api/live-requests.ts";
import type { Metrics } from "../admin/metrics/prometheus-metrics.ts";
import type { AdminServices, Reloaded } from "../admin/api/admin-services.ts";
import type { PriceOverrides } from "../core/price-overrides.ts";
import type { Settings } from "../config/settings.ts";
import type { ProxyStatus } from "../core/counters/status.ts";
import type { EffectiveSetting } from "../config/config.ts";
import { formatUpstream } from "../config/upstream-url.ts";
import { remoteReader } from "../store/service/reader-rpc.ts";
import type { StoreFilesInfo } from "../store/files/store-info.ts";
import type { StoreClient } from "../store/service/store-client.ts";
import { ownUrl } from "./startup/banner.ts";
import { openPriceService } from "./price-service.ts";
import { describeSystem } from "./system-info.ts";

export interface AdminServicesOptions {
  readonly settings: Settings;
  readonly origins: readonly EffectiveSetting[];
  readonly dependencies: readonly string[];
  readonly metrics: Metrics;
  readonly store: StoreClient | undefined;
  readonly port: () => number;
  readonly status: () => ProxyStatus;
  readonly rotateLedger: () => Promise<string | undefined>;
  readonly reloadAllowlist: () => Promise<Reloaded>;
  readonly setPrices: (overrides: PriceOverrides) => void;
}

/** The System page does not wait longer for the store. */
const STORE_DEADLINE_MS = 2000;

/** Connects the admin API's services to the parts of this process. */
export function openAdminServices(parts: AdminServicesOptions): AdminServices {
  const { settings, store, status } = parts;
  const ledgerFolder = dirname(settings.stats.outputPath);
  return {
    status,
    metrics: parts.metrics,
    rotateLedger: parts.rotateLedger,
    reloadAllowlist: parts.reloadAllowlist,
    allowlistPath: settings.auth.allowlistPath,
    store: store === undefined ? undefined : remoteReader(store),
    storeInfo: () => (store === undefined ? Promise.resolve(undefined) : storeInfo(store, settings)),
    prices: openPriceService(settings, parts.setPrices),
    liveRequests: new LiveRequests(settings.stats.outputPath),
    audit: new AuditLog(join(ledgerFolder, "audit.jsonl"), Date.now),
    providers: () => providersOf(settings, parts.port()),
    system: () => Promise.resolve(describeSystem(parts.origins, status(), parts.dependencies)),
  };
}

async function storeInfo(
  store: StoreClient,
  { store: { retentionDays, retentionBytes } }: Settings,
): Promise<StoreInfo> {
  const retention = {
    days: retentionDays ?? null,
    gigabytes: retentionBytes === undefined ? null : retentionBytes / 1e9,
  };
  const nothing = { records: 0, parquetBytes: 0, ledgerBytes: 0, segments: 0, badLines: 0 };
  const unknown = { ...nothing, compactedThrough: null, from: null, retention };
  // Looking at the state is no reason to start it.
  if (store.isAsleep) return { state: "asleep", ...unknown };
  try {
    const deadline = delay(STORE_DEADLINE_MS, undefined, { ref: false });
    const info = (await Promise.race([store.invoke("storeInfo", undefined), deadline])) as StoreFilesInfo | undefined; // as: the result type of that method
    if (info === undefined) return { state: "starting", ...unknown };
    return {
      state: "ready",
      records: info.records,
      parquetBytes: info.bytes,
      ledgerBytes: info.ledgerBytes,
      segments: info.segments,
      compactedThrough: info.compactedThrough,
      from: info.first,
      badLines: info.badLines,
      retention,
    };
  } catch {
    return { state: "down", ...unknown };
  }
}

function providersOf({ providers, server }: Settings, port: number): readonly ProviderInfo[] {
  return providers.map(({ name, upstream }) => ({
    name,
    baseUrl: `${ownUrl(server.host, port)}/${name}`,
    upstream: formatUpstream(upstream),
  }));
}
