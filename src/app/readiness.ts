import type { AllowlistStatus, ProxyStatus, LedgerStatus, WorkerStatus } from "../core/counters/status.ts";
import type { Readiness } from "../workers/protocol/messages.ts";

/**
 * The answer of `/readyz`. It is open to every client, so it names states and counts, no paths and no messages.
 * Degraded is still ready: a full disk must not take the gateway out of service.
 */
export function readinessOf(
  state: ProxyStatus["state"],
  allowlist: AllowlistStatus,
  ledger: LedgerStatus,
  threads: readonly WorkerStatus[],
): Readiness {
  const data = threads.filter((thread) => thread.name.startsWith("data-"));
  const running = data.filter((thread) => thread.state === "running").length;
  const stale = allowlist.error !== undefined;
  const degraded = stale || ledger.degraded || running < data.length;
  const status = state !== "serving" ? state : degraded ? "degraded" : "ok";
  const body = JSON.stringify({
    status,
    allowlist: { state: stale ? "stale" : "ok", keys: allowlist.keys, version: allowlist.version },
    ledger: { state: ledger.degraded ? "degraded" : "ok", dropped: ledger.dropped },
    threads: { running, configured: data.length },
  });
  return { status: state === "serving" ? 200 : 503, body };
}
