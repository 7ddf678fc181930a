import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AuditLog } from "../admin/audit-log.ts";
import type { ProviderInfo, StoreInfo } from "../admin/contract.ts";
import { LiveCalls } from "../admin/live-calls.ts";
import type { Metrics } from "../admin/metrics.ts";
import type { AdminDesk, Reloaded } from "../admin/routes/desk.ts";
import type { PriceOverrides } from "../core/price-overrides.ts";
import type { Settings } from "../core/settings.ts";
import type { GateStatus } from "../core/status.ts";
import type { EffectiveSetting } from "../policy/config.ts";
import { formatUpstream } from "../policy/upstream-url.ts";
import { RemoteReader } from "../store/remote-reader.ts";
import type { StoreFacts } from "../store/store-facts.ts";
import type { StoreProcess } from "../store/store-process.ts";
import { ownUrl } from "./own-url.ts";
import { openPriceDesk } from "./price-desk.ts";
import { systemFacts } from "./system-facts.ts";

export interface DeskParts {
  readonly settings: Settings;
  readonly origins: readonly EffectiveSetting[];
  readonly dependencies: readonly string[];
  readonly metrics: Metrics;
  readonly store: StoreProcess | undefined;
  readonly port: () => number;
  readonly status: () => GateStatus;
  readonly rotateLedger: () => Promise<string | undefined>;
  readonly reloadAllowlist: () => Promise<Reloaded>;
  readonly setPrices: (overrides: PriceOverrides) => void;
}

/** The page that shows it does not wait longer. */
const STORE_DEADLINE_MS = 2000;

/** What the admin listener works with, made of the parts of this process. */
export function openAdminDesk(parts: DeskParts): AdminDesk {
  const { settings, store, status } = parts;
  const ledgerFolder = dirname(settings.stats.outputPath);
  return {
    status,
    metrics: parts.metrics,
    rotateLedger: parts.rotateLedger,
    reloadAllowlist: parts.reloadAllowlist,
    allowlistPath: settings.auth.allowlistPath,
    store: store === undefined ? undefined : new RemoteReader(store),
    storeInfo: () => (store === undefined ? Promise.resolve(undefined) : storeInfo(store, settings)),
    prices: openPriceDesk(settings, parts.setPrices),
    liveCalls: new LiveCalls(settings.stats.outputPath),
    audit: new AuditLog(join(ledgerFolder, "audit.jsonl"), Date.now),
    providers: () => providersOf(settings, parts.port()),
    system: () => Promise.resolve(systemFacts(parts.origins, status(), parts.dependencies)),
  };
}

async function storeInfo(
  store: StoreProcess,
  { store: { retentionDays, retentionBytes } }: Settings,
): Promise<StoreInfo> {
  const retention = {
    days: retentionDays ?? null,
    gigabytes: retentionBytes === undefined ? null : retentionBytes / 1e9,
  };
  const nothing = { records: 0, parquetBytes: 0, ledgerBytes: 0, segments: 0, badLines: 0 };
  const unknown = { ...nothing, compactedThrough: null, from: null, retention };
  try {
    const soon = delay(STORE_DEADLINE_MS, undefined, { ref: false });
    const facts = (await Promise.race([store.ask("facts", undefined), soon])) as StoreFacts | undefined; // what that method gives
    if (facts === undefined) return { state: "starting", ...unknown };
    return {
      state: "ready",
      records: facts.records,
      parquetBytes: facts.bytes,
      ledgerBytes: facts.ledgerBytes,
      segments: facts.segments,
      compactedThrough: facts.compactedThrough,
      from: facts.first,
      badLines: facts.badLines,
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
