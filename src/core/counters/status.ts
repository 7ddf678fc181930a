import type { ForbiddenReason } from "../request/rejection.ts";

/** Answers of `GET /api/v1/status` and sources of `/metrics`: what each part of the process says of itself. */
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
  /** The message of the last reload that failed, while it is still the last. */
  readonly error: string | undefined;
  readonly reloadErrors: number;
}

export interface LedgerStatus {
  readonly path: string;
  readonly written: number;
  readonly dropped: number;
  /** Of those written, calls that ended with their thread or process. */
  readonly interrupted: number;
  /** Answers that were let go although `stats.durability: written` held them for their records. */
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
  readonly restarts: number;
  readonly loopLagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly accessVersion: number;
}

export interface RecentRejection {
  readonly at: string;
  readonly status: number;
  readonly code: string;
  readonly reason: ForbiddenReason | undefined;
  readonly maskedKey: string;
  readonly prefix: string;
  readonly clientIp: string;
}
