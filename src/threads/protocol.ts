import type { MessagePort } from "node:worker_threads";
import type { AccountsDelta } from "../core/accounts-delta.ts";
import type { GateDelta } from "../core/gate-delta.ts";
import type { PriceOverrides } from "../core/price-overrides.ts";
import type { Refusal } from "../core/refusal.ts";
import type { Settings } from "../core/settings.ts";
import type { LedgerStatus } from "../core/status.ts";
import type { Handover } from "./handover.ts";

// What the threads say to one another. Everything here is plain data, shared memory or a port.

export interface DataThreadInit {
  readonly kind: "data";
  readonly name: string;
  readonly settings: Settings;
  readonly port: number;
  readonly reusePort: boolean;
  readonly access: AccessVersion;
  readonly readiness: Readiness;
  readonly ledger: LedgerLink;
  readonly heartbeat: Heartbeat;
}

export interface LedgerThreadInit {
  readonly kind: "ledger";
  readonly settings: Settings;
  readonly instance: string;
  /** The instance id of a ledger thread of this process that died: its lock may be taken. */
  readonly replaces: string | undefined;
  readonly overrides: PriceOverrides;
  readonly heartbeat: Heartbeat;
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

/** A data thread's way to the ledger. `taken` counts, modulo 2^32, the bytes that the ledger has taken over. */
export interface LedgerLink {
  readonly port: MessagePort;
  readonly taken: SharedArrayBuffer;
}

export type ToDataThread =
  | { readonly kind: "access"; readonly access: AccessVersion }
  | { readonly kind: "readiness"; readonly readiness: Readiness }
  | { readonly kind: "ledger"; readonly link: LedgerLink }
  /** Every answer closes its connection from now on. */
  | { readonly kind: "drain" }
  /** Take no new connections; say `stopped` when the last call is over. */
  | { readonly kind: "stop" }
  /** End what still runs. */
  | { readonly kind: "destroy" };

export type FromDataThread =
  | { readonly kind: "listening" }
  | { readonly kind: "listen-failed"; readonly code: string; readonly message: string }
  | { readonly kind: "access-taken"; readonly version: number }
  | { readonly kind: "delta"; readonly delta: GateDelta; readonly dropped: number; readonly connections: number }
  | { readonly kind: "refused"; readonly refused: readonly RefusedNote[]; readonly unlisted: number }
  | { readonly kind: "stopped" };

/** A refusal for the log and the list of the latest. */
export interface RefusedNote {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly refusal: Refusal;
  readonly maskedKey: string;
  readonly prefix: string;
  readonly clientIp: string;
}

/** Data thread → ledger thread: one batch of records. `end` is the last word. */
export type ToLedgerFromData = { readonly records: readonly Handover[] } | { readonly end: true };

export type ToLedger =
  | { readonly kind: "link"; readonly link: LedgerLink }
  /** Close the current segment now; `rotated` answers. */
  | { readonly kind: "rotate" }
  /** Write what is left and close, once all links have ended. */
  | { readonly kind: "close" };

export type FromLedger =
  | { readonly kind: "open" }
  /** `retryAfterMs`: the file's owner may be dead, which shows by then. */
  | { readonly kind: "open-failed"; readonly message: string; readonly retryAfterMs: number | undefined }
  | { readonly kind: "status"; readonly status: LedgerStatus }
  | { readonly kind: "accounts"; readonly accounts: AccountsDelta }
  | { readonly kind: "rotated"; readonly segment: string | undefined }
  | {
      readonly kind: "log";
      readonly level: "info" | "warn" | "error";
      readonly message: string;
      readonly facts: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "closed" };
