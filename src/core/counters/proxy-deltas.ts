import type { RateLimitRemaining } from "../usage/rate-limit-remaining.ts";
import type { ForbiddenReason, Rejection, UpstreamFault } from "../request/rejection.ts";
import type { WorkerStatus } from "./status.ts";

/**
 * A data worker's counts since the last delta, and its gauges, which it reports to the main thread once a second. Deltas
 * and not totals are sent, so that the sums do not decrease when a worker is restarted. Plain data.
 */
export interface ProxyDeltas {
  /** Only providers with requests since the last delta or with requests still running. */
  readonly providers: Readonly<Record<string, ProviderDelta>>;
  readonly recorded: RecordDeltas;
  readonly forbidden: Readonly<Partial<Record<ForbiddenReason, number>>>;
  readonly rejected: Readonly<Partial<Record<RejectionKind, number>>>;
  /** Client connections that were closed immediately because of a limit. */
  readonly connectionsRejected: Readonly<Partial<Record<ConnectionRejection, number>>>;
  /** Client connections that are open now; a gauge, not a difference. */
  readonly connections: number;
  readonly loopLagMs: WorkerStatus["loopLagMs"];
}

/** Rejections other than forbidden requests and upstream errors. */
export type RejectionKind = Exclude<Rejection["kind"], "forbidden" | "upstream">;

/** The limit that was reached: that of all connections, or that of one address. */
export type ConnectionRejection = "total" | "address";

export interface ProviderDelta {
  /** Requests that are running now; a gauge, not a difference. */
  readonly active: number;
  /** From the last response since the last delta that reports it. */
  readonly rateLimitRemaining: RateLimitRemaining;
}

/**
 * What the records of a worker say since the last delta. A record that the ledger worker makes is counted there, every
 * other one by the data worker that made it.
 */
export interface RecordDeltas {
  readonly records: number;
  readonly requests: readonly RequestDeltas[];
  readonly providers: Readonly<Record<string, RecordedProviderDelta>>;
}

export interface RecordedProviderDelta {
  readonly upstreamErrors: Readonly<Partial<Record<UpstreamFault, number>>>;
  /** By `error_code`. */
  readonly errorCodes: Readonly<Record<string, number>>;
  readonly usageMissing: Readonly<Record<string, number>>;
}

/** Counts of one owner's requests to one model of a provider. */
export interface RequestDeltas {
  readonly provider: string;
  /** `null` if unknown. */
  readonly model: string | null;
  readonly owner: string | null;
  readonly unary: StatusCounts;
  readonly streamed: StatusCounts;
  readonly tokens: TokenCounts;
  readonly duration: BucketCounts;
  readonly timeToFirstToken: BucketCounts;
  readonly outputRate: BucketCounts;
}

/** Requests by the class of their status: no status, then 1xx to 5xx. */
export type StatusCounts = readonly [number, number, number, number, number, number];

/** Cached, cache-write and reasoning tokens are parts of input and output, not additions to them. */
export interface TokenCounts {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
}

/** Observations per bucket, not cumulative; the last bucket is for values above the highest bound. */
export interface BucketCounts {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Seconds: OpenTelemetry's powers of two from 10 ms, and two more for the long turns of agents. */
export const durationBounds: readonly number[] = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68,
];

/** Output tokens per second. */
export const rateBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
