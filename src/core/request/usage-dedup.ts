import type { RequestRecord } from "./request-record.ts";

/**
 * Identifies a response whose usage may appear in several records; only the ledger has seen them all. `pending`: the usage
 * was not known when the request ended. `reread`: the response was fetched again; it counts now if its usage was pending,
 * and was counted before otherwise.
 */
export interface DedupKey {
  readonly kind: "pending" | "reread";
  readonly provider: string;
  readonly id: string;
}

/** `undefined` for nearly every record: it does not depend on any other. */
export function dedupKeyOf(record: RequestRecord): DedupKey | undefined {
  const { provider, response_id: id, usage_state: state } = record;
  if (id === undefined) return undefined;
  if (state === "replay") return isCounted(record) ? { kind: "reread", provider, id } : undefined;
  if ((state !== "missing" && state !== "aborted") || isCounted(record)) return undefined;
  // A GET fetches a stored response and starts none. A WebSocket starts with a GET too, but carries responses of its own.
  if (record.method === "GET" && record.session_id === undefined) return undefined;
  return UNSETTLED.has(record.usage_reason ?? "") ? { kind: "pending", provider, id } : undefined;
}

/** True if this record of the ledger is the one that counts the usage of its response. */
export function hasSettled(record: RequestRecord): boolean {
  return record.response_id !== undefined && isCounted(record) && record.usage_state !== "replay";
}

/** The response was sent before the work was done, or was cut off while the provider may continue. */
const UNSETTLED: ReadonlySet<string> = new Set(["pending", "cut", "aborted"]);

function isCounted(record: RequestRecord): boolean {
  return (
    (record.input_tokens ?? null) !== null ||
    (record.output_tokens ?? null) !== null ||
    record.total_tokens !== undefined ||
    record.provider_cost_usd !== undefined
  );
}
