// What the ledger writes down of itself, beside the records: one JSON object on each line of `ledger-events.jsonl`.

/** Why records are missing. */
export type GapReason =
  /** The file could not be written for so long that memory held no more. */
  | "queue_full"
  /** The ledger thread hung for so long that the data threads held no more. */
  | "handover_full"
  | "data_thread_died"
  | "ledger_thread_died"
  /** The process ended while the file could not be written. */
  | "not_written_at_stop"
  /** One record alone was larger than memory may hold. */
  | "too_large";

interface Instance {
  readonly instance: string;
}

export interface Gap extends Instance {
  readonly event: "gap";
  readonly from_seq: number;
  readonly to_seq: number;
  readonly records: number;
  readonly from: string;
  readonly to: string;
  readonly reason: GapReason;
}

export type LedgerEvent =
  | (Instance & { readonly event: "started"; readonly replaces?: string | undefined })
  /** In order: everything up to `last_seq` is in the file or in a gap. */
  | (Instance & { readonly event: "stopped"; readonly last_seq: number })
  /** Found at the next start: an instance that ended without `stopped`. */
  | (Instance & {
      readonly event: "crashed";
      readonly last_seq: number;
      readonly last_seen?: string | undefined;
      /** Calls that were known to run, and those of them that got a record now. */
      readonly in_flight: number;
      readonly interrupted: number;
    })
  /** A data thread ended under its calls. */
  | (Instance & { readonly event: "thread_died"; readonly thread: string; readonly interrupted: number })
  | Gap
  | (Instance & { readonly event: "unwritable"; readonly error: string; readonly last_seq: number })
  | (Instance & { readonly event: "writable"; readonly after_ms: number })
  /** Nobody knows whether these would survive a power cut. */
  | (Instance & {
      readonly event: "sync_failed";
      readonly error: string;
      readonly from_seq: number;
      readonly to_seq: number;
      readonly records: number;
    })
  | (Instance & { readonly event: "rotated"; readonly segment: string; readonly last_seq: number })
  /** Somebody else moved, deleted or truncated the file; what it held up to then may be elsewhere or gone. */
  | (Instance & { readonly event: "moved" | "truncated"; readonly last_seq: number });

export type TimedEvent = LedgerEvent & { readonly at: string };
