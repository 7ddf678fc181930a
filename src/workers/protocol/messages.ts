import type { MessagePort } from "node:worker_threads";
import type { CostDeltas } from "../../core/counters/cost-deltas.ts";
import type { ProxyDeltas, RecordDeltas } from "../../core/counters/proxy-deltas.ts";
import type { LogEntry } from "../../core/log.ts";
import type { PriceOverrides } from "../../core/price-overrides.ts";
import type { InFlightMessage } from "./in-flight-message.ts";
import type { Rejection } from "../../core/request/rejection.ts";
import type { Settings } from "../../config/settings.ts";
import type { LedgerStatus } from "../../core/counters/status.ts";
import type { RecordMessage } from "./record-message.ts";

// The messages between the threads. All are plain data, shared memory or ports.

/** The global function of a data worker that the supervisor calls through the inspector when its event loop hangs. */
export const END_FUNCTION = "lmgateEndHungWorker";

export interface DataWorkerInit {
  readonly kind: "data";
  readonly name: string;
  readonly settings: Settings;
  readonly port: number;
  readonly reusePort: boolean;
  readonly access: AccessVersion;
  readonly readiness: Readiness;
  readonly ledger: LedgerLink;
  readonly heartbeat: Heartbeat;
  readonly connections: ConnectionPart;
}

/** A data worker's part of the `ConnectionCounts`, which all data workers share. */
export interface ConnectionPart {
  readonly shared: SharedArrayBuffer;
  /** The number of the data worker, from 0. */
  readonly worker: number;
}

export interface LedgerWorkerInit {
  readonly kind: "ledger";
  readonly settings: Settings;
  readonly instance: string;
  /** The ledger worker of this process that crashed before. Its lock may be taken over. */
  readonly replaces: Predecessor | undefined;
  /** The `LedgerCounts` of this worker. */
  readonly counts: SharedArrayBuffer;
  readonly overrides: PriceOverrides;
  readonly heartbeat: Heartbeat;
}

/** A ledger worker that crashed, and the counts that it left. */
export interface Predecessor {
  readonly instance: string;
  readonly counts: SharedArrayBuffer;
}

/** A counter in shared memory that a running worker keeps incrementing. */
export interface Heartbeat {
  readonly beats: SharedArrayBuffer;
  readonly slot: number;
}

export interface AccessVersion {
  readonly version: number;
  readonly table: SharedArrayBuffer;
}

/** The current response of `/readyz`. */
export interface Readiness {
  readonly status: 200 | 503;
  readonly body: string;
}

/** One end of the link between a data worker and the ledger worker. */
export interface LedgerLink {
  /** The name of the data worker. */
  readonly thread: string;
  readonly port: MessagePort;
  /** The `TransferCounters` of the data worker, the same for all its links. */
  readonly counts: SharedArrayBuffer;
}

export type ToDataWorker =
  /** Open the port. */
  | { readonly kind: "listen" }
  | { readonly kind: "access"; readonly access: AccessVersion }
  | { readonly kind: "readiness"; readonly readiness: Readiness }
  | { readonly kind: "ledger"; readonly link: LedgerLink }
  /** From now on every response closes its connection. */
  | { readonly kind: "drain" }
  /** Accept no new connections, and post `stopped` when the last request is over. */
  | { readonly kind: "stop" }
  /** End the requests that are still running. */
  | { readonly kind: "abort" };

export type FromDataWorker =
  /** Its code is loaded, so that it needs no more files. */
  | { readonly kind: "loaded" }
  | { readonly kind: "listening" }
  | { readonly kind: "listen-failed"; readonly code: string; readonly message: string }
  | { readonly kind: "access-applied"; readonly version: number }
  | { readonly kind: "delta"; readonly delta: ProxyDeltas; readonly transfer: TransferDelta }
  | { readonly kind: "rejected"; readonly rejected: readonly RejectionNote[]; readonly unlisted: number }
  | { readonly kind: "stopped" };

/** A rejected request, for the log and for the list of the latest. */
export interface RejectionNote {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly rejection: Rejection;
  readonly maskedKey: string;
  readonly prefix: string;
  readonly clientIp: string;
}

/** What went wrong between a data worker and the ledger since the previous report. */
export interface TransferDelta {
  /** Records that could not be sent. */
  readonly dropped: number;
  /** Responses that were released although the ledger had not confirmed their records. */
  readonly unconfirmed: number;
}

/** Data worker → ledger worker. `end` is the last message. */
export type ToLedgerFromData = Batch | { readonly end: true };

export interface Batch {
  /** The number of the first record, counted over the life of the data worker. Missing numbers before it were dropped. */
  readonly first: number;
  readonly records: readonly RecordMessage[];
  /** The batch's other records, which the ledger worker makes. */
  readonly deferred: DeferredBatch | undefined;
  /** The records of requests that have ended are in this batch or in an earlier one. */
  readonly inFlight: InFlightMessage | undefined;
  /** Asks the ledger worker for a `ToDataFromLedger`. */
  readonly confirm: boolean;
}

export interface DeferredBatch {
  /** For each record its place in the batch, and after it the `NUMBERS`. */
  readonly numbers: Float64Array;
  /** The texts of all records, separated by `SEPARATOR`. */
  readonly text: string;
}

/** Ledger worker → data worker: all records before this number are consumed. `written`: the operating system has them. */
export interface ToDataFromLedger {
  readonly consumed: number;
  readonly written: boolean;
}

export type ToLedger =
  | { readonly kind: "link"; readonly link: LedgerLink }
  /** Use these prices from now on. */
  | { readonly kind: "prices"; readonly overrides: PriceOverrides }
  /** Close the current segment now, and post `rotated`. */
  | { readonly kind: "rotate" }
  /** Write what is left and close, after all links have ended. */
  | { readonly kind: "close" };

export type FromLedger =
  | { readonly kind: "open" }
  | { readonly kind: "open-failed"; readonly message: string }
  | { readonly kind: "status"; readonly status: LedgerStatus }
  | { readonly kind: "costs"; readonly costs: CostDeltas }
  | { readonly kind: "recorded"; readonly recorded: RecordDeltas }
  | { readonly kind: "rotated"; readonly segment: string | undefined }
  /** Another program has renamed or deleted the stats file. */
  | { readonly kind: "moved" }
  | ({ readonly kind: "log" } & LogEntry)
  | { readonly kind: "closed" };
