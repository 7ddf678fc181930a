import { billingOf, type BillableRequest } from "../../core/request/billing.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import { dedupKeyOf, type DedupKey } from "../../core/request/usage-dedup.ts";

/**
 * A record on its way to the ledger worker: its finished text, which is not parsed again, and what the ledger needs to
 * add the cost and to deduplicate usage.
 */
export interface RecordMessage {
  readonly text: string;
  readonly billing?: BillableRequest;
  readonly dedupKey?: DedupKey;
}

export function toRecordMessage(record: RequestRecord): RecordMessage {
  const dedupKey = dedupKeyOf(record);
  if (dedupKey?.kind === "reread") {
    // The ledger decides whether this usage counts, and what it costs.
    const billing = billingOf({ ...record, usage_state: undefined });
    const text = JSON.stringify({ ...record, usage_state: undefined });
    return billing === undefined ? { text, dedupKey } : { text, billing, dedupKey };
  }
  const text = JSON.stringify(record);
  const billing = billingOf(record);
  if (dedupKey !== undefined) return billing === undefined ? { text, dedupKey } : { text, billing, dedupKey };
  return billing === undefined ? { text } : { text, billing };
}
