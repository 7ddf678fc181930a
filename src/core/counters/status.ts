import type { ForbiddenReason, SpokenProtocol } from "../request/rejection.ts";

/** The body of `GET /api/v1/status`, and a source of `/metrics`. The names of the members are part of the API. */
export interface ProxyStatus {
  readonly version: string;
  readonly node: string;
  readonly instance: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly state: "starting" | "serving" | "draining";
  readonly address: { readonly host: string; readonly port: number };
  readonly allowlist: AllowlistStatus;
  readonly ledger: LedgerStatus;
  readonly threads: readonly WorkerStatus[];
  readonly callsInFlight: number;
  readonly refusals: readonly RecentRejection[];
}

export interface AllowlistStatus {
  readonly path: string;
  readonly keys: number;
  readonly version: number;
  readonly loadedAt: string;
  /** The message of the last reload, if it failed. */
  readonly error: string | undefined;
  readonly reloadErrors: number;
}

export interface LedgerStatus {
  readonly path: string;
  readonly written: number;
  readonly dropped: number;
  /** How many of the written records are of requests that ended together with their worker or process. */
  readonly interrupted: number;
  /** Responses released before their records were known to be written, with `stats.durability: written`. */
  readonly unconfirmed: number;
  readonly queued: number;
  readonly degraded: boolean;
  readonly lastError: string | undefined;
  readonly lastWriteAt: string | undefined;
  readonly rotations: number;
}

export interface WorkerStatus {
  readonly name: string;
  readonly state: "starting" | "running" | "down";
  /** It runs, but gets too little CPU time to respond. */
  readonly isStarved: boolean;
  readonly restarts: number;
  readonly loopLagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly accessVersion: number;
}

export interface RecentRejection {
  readonly at: string;
  readonly status: number;
  readonly code: string;
  /** Why the key was rejected, or what the client spoke instead of plain HTTP/1. */
  readonly reason: ForbiddenReason | SpokenProtocol | undefined;
  readonly maskedKey: string;
  readonly prefix: string;
  readonly clientIp: string;
}
