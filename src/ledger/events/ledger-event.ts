// The ledger records its own events in `ledger-events.jsonl`: one JSON object per line.

/** Why records are missing. */
export type GapReason =
  /** The file could not be written for so long that the queue in memory was full. */
  | "queue_full"
  /** The ledger worker hung for so long that the data workers' queues were full. */
  | "handover_full"
  | "data_thread_died"
  | "ledger_thread_died"
  /** The process ended while the file could not be written. */
  | "not_written_at_stop"
  /** A single record was larger than the whole queue. */
  | "too_large";

interface Instance {
  readonly instance: string;
}

export interface GapEvent extends Instance {
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
  /** A clean stop: every record up to `last_seq` is in the file or in a gap. */
  | (Instance & { readonly event: "stopped"; readonly last_seq: number })
  /** Written by the next start, about an instance that ended without `stopped`. */
  | (Instance & {
      readonly event: "crashed";
      readonly last_seq: number;
      readonly last_seen?: string | undefined;
      /** Requests that were running according to the journal, and how many of them got a record at the next start. */
      readonly in_flight: number;
      readonly interrupted: number;
    })
  /** A data worker died while its requests were running. */
  | (Instance & { readonly event: "thread_died"; readonly thread: string; readonly interrupted: number })
  | GapEvent
  | (Instance & { readonly event: "unwritable"; readonly error: string; readonly last_seq: number })
  | (Instance & { readonly event: "writable"; readonly after_ms: number })
  /** These records may not survive a power cut. */
  | (Instance & {
      readonly event: "sync_failed";
      readonly error: string;
      readonly from_seq: number;
      readonly to_seq: number;
      readonly records: number;
    })
  | (Instance & { readonly event: "rotated"; readonly segment: string; readonly last_seq: number })
  /** Another program moved, deleted or truncated the file; its earlier records may be elsewhere or gone. */
  | (Instance & { readonly event: "moved" | "truncated"; readonly last_seq: number });

export type TimedEvent = LedgerEvent & { readonly at: string };
