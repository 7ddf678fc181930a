import type { TestContext } from "node:test";
import { type AdminServer, startAdmin } from "../../src/admin/server/admin-server.ts";
import { AuditLog } from "../../src/admin/api/audit-log.ts";
import { LiveRequests } from "../../src/admin/api/live-requests.ts";
import { Metrics } from "../../src/admin/metrics/prometheus-metrics.ts";
import { adminRoutes } from "../../src/admin/api/routes/admin-routes.ts";
import type { AdminServices } from "../../src/admin/api/admin-services.ts";
import type { ProxyStatus } from "../../src/core/counters/status.ts";

export const token = "n4Vq2-pX8yKd_Zt7Rw1LmB5cGh9JsQe0UfTaYoPiDx3";

const status: ProxyStatus = {
  version: "1.2.3",
  node: "v24.0.0",
  instance: "i-1",
  startedAt: "2026-01-01T00:00:00.000Z",
  uptimeSeconds: 5,
  state: "serving",
  address: { host: "0.0.0.0", port: 8080 },
  allowlist: {
    path: "a.csv",
    keys: 2,
    version: 1,
    loadedAt: "2026-01-01T00:00:00.000Z",
    error: undefined,
    reloadErrors: 0,
  },
  ledger: {
    path: "stats.jsonl",
    written: 3,
    dropped: 0,
    interrupted: 0,
    unconfirmed: 0,
    queued: 0,
    degraded: false,
    lastError: undefined,
    lastWriteAt: undefined,
    rotations: 0,
  },
  threads: [],
  callsInFlight: 1,
  refusals: [],
};

export interface Started {
  readonly server: AdminServer;
  readonly metrics: Metrics;
  /** What was logged, one line an entry. */
  readonly logged: string[];
  /** Milliseconds the server's clock has moved on. */
  readonly clock: { ms: number };
  readonly url: (path: string) => string;
}

/** The admin listener on a free port, closed when the test ends. */
export async function start(
  t: TestContext,
  options: { host?: string; status?: () => ProxyStatus } = {},
): Promise<Started> {
  const logged: string[] = [];
  const clock = { ms: 0 };
  const note = (fields: object, message: string): void => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
  };
  const metrics = new Metrics({ version: "1.2.3", node: "v24.0.0", providers: ["openai", "anthropic"] });
  const services = { ...emptyServices(metrics), status: options.status ?? (() => status) };
  const server = await startAdmin({
    routes: (signIn) => Promise.resolve(adminRoutes(services, signIn)),
    host: options.host ?? "127.0.0.1",
    port: 0,
    token,
    log: { info: note, warn: note, error: note },
    now: () => clock.ms,
  });
  t.after(() => server.close());
  return { server, metrics, logged, clock, url: (path) => `http://127.0.0.1:${server.port}${path}` };
}

/** A listener's surroundings without a gateway: no store, no allow-list, no prices. */
export function emptyServices(metrics: Metrics): AdminServices {
  return {
    status: () => status,
    metrics,
    rotateLedger: () => Promise.resolve("stats-20261123T154530.123Z.jsonl"),
    reloadAllowlist: () => Promise.resolve({ version: 1, acknowledgedBy: 1, error: undefined }),
    allowlistPath: "nowhere/allowlist.csv",
    store: undefined,
    storeInfo: () => Promise.resolve(undefined),
    prices: { list: () => Promise.resolve([]), override: () => Promise.resolve() },
    liveRequests: new LiveRequests("nowhere/stats.jsonl"),
    audit: new AuditLog("/dev/null", Date.now),
    providers: () => [],
    system: () => Promise.resolve({ settings: [], checks: [], licenses: [] }),
  };
}

export function bearer(text: string): { authorization: string } {
  return { authorization: `Bearer ${text}` };
}
