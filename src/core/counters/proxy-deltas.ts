import type { RateLimitRemaining } from "../usage/rate-limit-remaining.ts";
import type { ForbiddenReason, Rejection, UpstreamFault } from "../request/rejection.ts";
import type { WorkerStatus } from "./status.ts";

/**
 * What a data thread tells the main thread once a second: counts since its previous delta, and gauges as they stand.
 * Deltas, not totals, so that the sums do not run backwards when a thread is replaced. Plain JSON throughout.
 */
export interface ProxyDeltas {
  /** Only providers with news since the previous delta, or with calls still running. */
  readonly providers: Readonly<Record<string, ProviderDelta>>;
  readonly calls: readonly RequestDeltas[];
  readonly denied: Readonly<Partial<Record<ForbiddenReason, number>>>;
  readonly refused: Readonly<Partial<Record<RejectionKind, number>>>;
  /** Client connections that were closed at once. */
  readonly connectionsRefused: Readonly<Partial<Record<ConnectionRejection, number>>>;
  /** Client connections open now: absolute, not a difference. */
  readonly connections: number;
  /** Records handed to the ledger. */
  readonly records: number;
  readonly loopLagMs: WorkerStatus["loopLagMs"];
}

/** Answers of LMGate's own that are neither a denial of access nor the upstream's fault. */
export type RejectionKind = Exclude<Rejection["kind"], "forbidden" | "upstream">;

/** Which cap was reached: that of all connections, or that of one address. */
export type ConnectionRejection = "total" | "address";

export interface ProviderDelta {
  /** Calls running now: absolute, not a difference. */
  readonly active: number;
  /** Of the last answer since the previous delta that told any. */
  readonly headroom: RateLimitRemaining;
  readonly upstreamErrors: Readonly<Partial<Record<UpstreamFault, number>>>;
  readonly usageMissing: Readonly<Record<string, number>>;
}

/** What the calls of one owner to one model of a provider came to. */
export interface RequestDeltas {
  readonly provider: string;
  /** `null`: unknown. */
  readonly model: string | null;
  readonly owner: string | null;
  readonly plain: StatusCounts;
  readonly streamed: StatusCounts;
  readonly tokens: TokenCounts;
  readonly duration: BucketCounts;
  readonly timeToFirstToken: BucketCounts;
  readonly outputRate: BucketCounts;
}

/** Calls by the class of their status: no status at all, then 1xx to 5xx. */
export type StatusCounts = readonly [number, number, number, number, number, number];

/** Cached, cache-write and reasoning tokens are parts of input and output, not additions to them. */
export interface TokenCounts {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
}

/** Observations per bucket (not cumulative); the last bucket is what lies above the highest bound. */
export interface BucketCounts {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Seconds: powers of two from 10 ms, as OpenTelemetry's, and two more for agents' long turns. */
export const durationBounds: readonly number[] = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68,
];

/** Output tokens a second. */
export const rateBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
