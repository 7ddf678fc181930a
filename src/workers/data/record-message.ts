import { billingOf, type BillingFacts } from "../../core/request/billing.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import { dedupKeyOf, type DedupKey } from "../../core/request/usage-dedup.ts";

/**
 * A record on its way to the ledger thread: its finished text, which is not parsed again, and beside it what the ledger
 * needs in order to add what only it can know.
 */
export interface RecordMessage {
  readonly text: string;
  readonly billing?: BillingFacts;
  readonly once?: DedupKey;
}

export function toRecordMessage(record: RequestRecord): RecordMessage {
  const once = dedupKeyOf(record);
  if (once?.kind === "sighting") {
    // Whether it counts is for the ledger to say, and what it then costs.
    const billing = billingOf({ ...record, usage_state: undefined });
    const text = JSON.stringify({ ...record, usage_state: undefined });
    return billing === undefined ? { text, once } : { text, billing, once };
  }
  const text = JSON.stringify(record);
  const billing = billingOf(record);
  if (once !== undefined) return billing === undefined ? { text, once } : { text, billing, once };
  return billing === undefined ? { text } : { text, billing };
}
