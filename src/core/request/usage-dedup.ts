import type { RequestRecord } from "./request-record.ts";

/**
 * Identifies a response whose usage may appear in several records. Only the ledger worker sees all of them, so it decides
 * which one counts. `pending`: the usage was not known when the request ended. `reread`: the response was fetched again. If
 * its usage was pending, this record counts it; otherwise an earlier one did.
 */
export interface DedupKey {
  readonly kind: "pending" | "reread";
  readonly provider: string;
  readonly id: string;
}

/** `undefined` if no other record can have the same usage, as for nearly every record. */
export function dedupKeyOf(record: RequestRecord): DedupKey | undefined {
  const { provider, response_id: id, usage_state: state } = record;
  if (id === undefined) return undefined;
  // The observer gives this state to the record of a fetch.
  if (state === "replay") return hasUsage(record) ? { kind: "reread", provider, id } : undefined;
  if ((state !== "missing" && state !== "aborted") || hasUsage(record)) return undefined;
  // A GET fetches a stored response and starts none. A WebSocket starts with a GET too, but carries responses of its own.
  if (record.method === "GET" && record.session_id === undefined) return undefined;
  return MAY_BECOME_KNOWN.has(record.usage_reason ?? "") ? { kind: "pending", provider, id } : undefined;
}

/** True if this record of the ledger is the one that counts the usage of its response. */
export function countsUsage(record: RequestRecord): boolean {
  return record.response_id !== undefined && hasUsage(record) && record.usage_state !== "replay";
}

/** Reasons after which the usage may still become known: the provider had not finished, or may go on without its client. */
const MAY_BECOME_KNOWN: ReadonlySet<string> = new Set(["pending", "cut", "aborted"]);

function hasUsage(record: RequestRecord): boolean {
  return (
    (record.input_tokens ?? null) !== null ||
    (record.output_tokens ?? null) !== null ||
    record.total_tokens !== undefined ||
    record.provider_cost_usd !== undefined
  );
}
