import type { MessagePort } from "node:worker_threads";
import type { LogEntry } from "../core/log.ts";
import type { CostDeltas } from "../core/counters/cost-deltas.ts";
import type { ProxyDeltas } from "../core/counters/proxy-deltas.ts";
import type { InFlightChange } from "../core/request/in-flight.ts";
import type { PriceOverrides } from "../core/price-overrides.ts";
import type { Rejection } from "../core/request/rejection.ts";
import type { Settings } from "../core/settings.ts";
import type { LedgerStatus } from "../core/counters/status.ts";
import type { RecordMessage } from "./data/record-message.ts";

// What the threads say to one another. Everything here is plain data, shared memory or a port.

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

/** Which part of the `ConnectionCounts` that all data threads share is this thread's. */
export interface ConnectionPart {
  readonly shared: SharedArrayBuffer;
  readonly thread: number;
}

export interface LedgerWorkerInit {
  readonly kind: "ledger";
  readonly settings: Settings;
  readonly instance: string;
  /** A ledger thread of this process that died: its lock may be taken. */
  readonly replaces: Predecessor | undefined;
  /** `LedgerCounts` of this thread. */
  readonly counts: SharedArrayBuffer;
  readonly overrides: PriceOverrides;
  readonly heartbeat: Heartbeat;
}

/** A ledger thread that died, and how far it had come. */
export interface Predecessor {
  readonly instance: string;
  readonly counts: SharedArrayBuffer;
}

/** One slot of shared memory that a living thread keeps raising. */
export interface Heartbeat {
  readonly beats: SharedArrayBuffer;
  readonly slot: number;
}

export interface AccessVersion {
  readonly version: number;
  readonly table: SharedArrayBuffer;
}

/** The answer of `/readyz` as it stands. */
export interface Readiness {
  readonly status: 200 | 503;
  readonly body: string;
}

/** A data thread's way to the ledger. `counts` are the `TransferCounters` of the data thread, the same over all its links. */
export interface LedgerLink {
  readonly thread: string;
  readonly port: MessagePort;
  readonly counts: SharedArrayBuffer;
}

export type ToDataWorker =
  | { readonly kind: "access"; readonly access: AccessVersion }
  | { readonly kind: "readiness"; readonly readiness: Readiness }
  | { readonly kind: "ledger"; readonly link: LedgerLink }
  /** Every answer closes its connection from now on. */
  | { readonly kind: "drain" }
  /** Take no new connections; say `stopped` when the last call is over. */
  | { readonly kind: "stop" }
  /** End what still runs. */
  | { readonly kind: "destroy" };

export type FromDataWorker =
  | { readonly kind: "listening" }
  | { readonly kind: "listen-failed"; readonly code: string; readonly message: string }
  | { readonly kind: "access-taken"; readonly version: number }
  | { readonly kind: "delta"; readonly delta: ProxyDeltas; readonly handover: TransferDelta }
  | { readonly kind: "refused"; readonly refused: readonly RejectionNote[]; readonly unlisted: number }
  | { readonly kind: "stopped" };

/** A refusal for the log and the list of the latest. */
export interface RejectionNote {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly refusal: Rejection;
  readonly maskedKey: string;
  readonly prefix: string;
  readonly clientIp: string;
}

/** What went wrong since the last time between a data thread and the ledger. */
export interface TransferDelta {
  /** Records that could not be handed over. */
  readonly dropped: number;
  /** Answers that were let go although their records were not known to be written. */
  readonly unconfirmed: number;
}

/** Data thread → ledger thread. `end` is the last word. */
export type ToLedgerFromData = Batch | { readonly end: true };

export interface Batch {
  /** The number of the first record, counted over the life of the data thread; what is missing before it was dropped. */
  readonly first: number;
  readonly records: readonly RecordMessage[];
  /** Those that are gone have their records here or in batches before. */
  readonly inFlight: InFlightChange | undefined;
  /** An answer is wanted. */
  readonly ask: boolean;
}

/** Ledger thread → data thread: everything before this number is booked, and whether that means written. */
export interface ToDataFromLedger {
  readonly booked: number;
  readonly written: boolean;
}

export type ToLedger =
  | { readonly kind: "link"; readonly link: LedgerLink }
  /** What calls cost from now on. */
  | { readonly kind: "prices"; readonly overrides: PriceOverrides }
  /** Close the current segment now; `rotated` answers. */
  | { readonly kind: "rotate" }
  /** Write what is left and close, once all links have ended. */
  | { readonly kind: "close" };

export type FromLedger =
  | { readonly kind: "open" }
  /** `retryAfterMs`: the file's owner may be dead, which shows by then. */
  | { readonly kind: "open-failed"; readonly message: string; readonly retryAfterMs: number | undefined }
  | { readonly kind: "status"; readonly status: LedgerStatus }
  | { readonly kind: "costs"; readonly deltas: CostDeltas }
  | { readonly kind: "rotated"; readonly segment: string | undefined }
  | ({ readonly kind: "log" } & LogEntry)
  | { readonly kind: "closed" };
