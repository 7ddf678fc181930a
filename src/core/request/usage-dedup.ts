import type { RequestRecord } from "./request-record.ts";

/**
 * What makes a record's meaning depend on others, which only the ledger has seen. `pending`: the provider had not said
 * what the call used when it ended. `sighting`: an answer was read again; if its use was pending it counts now, else it
 * was counted before.
 */
export interface DedupKey {
  readonly kind: "pending" | "sighting";
  readonly provider: string;
  readonly id: string;
}

/** `undefined` for nearly every record: it means the same whatever others there are. */
export function dedupKeyOf(record: RequestRecord): DedupKey | undefined {
  const { provider, response_id: id, usage_state: state } = record;
  if (id === undefined) return undefined;
  if (state === "replay") return isCounted(record) ? { kind: "sighting", provider, id } : undefined;
  if ((state !== "missing" && state !== "aborted") || isCounted(record)) return undefined;
  // UsageReading an answer begins none; a WebSocket begins with a GET, but what passes over it are answers of its own.
  if (record.method === "GET" && record.session_id === undefined) return undefined;
  return UNSETTLED.has(record.usage_reason ?? "") ? { kind: "pending", provider, id } : undefined;
}

/** Whether this record, as it stands in the ledger, is the one that counted an answer's use. */
export function hasSettled(record: RequestRecord): boolean {
  return record.response_id !== undefined && isCounted(record) && record.usage_state !== "replay";
}

/** Answered before the work was done, or broken off while the provider may go on with it. */
const UNSETTLED: ReadonlySet<string> = new Set(["pending", "cut", "aborted"]);

function isCounted(record: RequestRecord): boolean {
  return (
    (record.input_tokens ?? null) !== null ||
    (record.output_tokens ?? null) !== null ||
    record.total_tokens !== undefined ||
    record.provider_cost_usd !== undefined
  );
}
