import { billedItems, isBeside } from "./billing.ts";
import type { CallRecord } from "./call-record.ts";
import {
  type BucketCounts,
  type GateDelta,
  type ProviderDelta,
  type RefusedKind,
  type StatusCounts,
  durationBounds,
} from "./gate-delta.ts";
import type { ForbiddenReason, Refusal, UpstreamFault } from "./refusal.ts";
import type { ThreadStatus } from "./status.ts";

/**
 * Counts what one data thread does, and hands the counts over as a delta. Every method is a few additions, for they are
 * called on the path of a call; maps and arrays are made anew only when a delta is taken.
 */
export class GateTally {
  #providers = new Map<string, ProviderTally>();
  #denied = new Map<ForbiddenReason, number>();
  #refused = new Map<RefusedKind, number>();
  #records = 0;

  /** A call starts towards a provider; `ended` must follow, once. */
  began(provider: string): void {
    this.#provider(provider).active++;
  }

  ended(provider: string): void {
    this.#provider(provider).active--;
  }

  /** LMGate answered by itself. Faults of the upstream are counted with the call's record instead. */
  refused(refusal: Refusal): void {
    if (refusal.kind === "upstream") return;
    if (refusal.kind === "forbidden") raise(this.#denied, refusal.reason);
    else raise(this.#refused, refusal.kind);
  }

  recorded(record: CallRecord): void {
    this.#records++;
    this.#provider(record.provider).add(record);
  }

  /** The counts since the last time; counting starts again from zero. */
  take(loopLagMs: ThreadStatus["loopLagMs"]): GateDelta {
    const delta: GateDelta = {
      providers: Object.fromEntries([...this.#providers].map(([name, tally]) => [name, tally.take()])),
      denied: Object.fromEntries(this.#denied),
      refused: Object.fromEntries(this.#refused),
      records: this.#records,
      loopLagMs,
    };
    // An idle provider has just been told with its zero of running calls, and is left out from here on.
    for (const [name, tally] of this.#providers) if (tally.active === 0) this.#providers.delete(name);
    this.#denied.clear();
    this.#refused.clear();
    this.#records = 0;
    return delta;
  }

  #provider(name: string): ProviderTally {
    const known = this.#providers.get(name);
    if (known) return known;
    const tally = new ProviderTally();
    this.#providers.set(name, tally);
    return tally;
  }
}

class ProviderTally {
  active = 0;
  #counts = new ProviderCounts();

  add(record: CallRecord): void {
    this.#counts.add(record);
  }

  take(): ProviderDelta {
    const { plain, streamed, tokens, upstreamErrors, usageMissing, duration, timeToFirstToken } = this.#counts;
    this.#counts = new ProviderCounts();
    return {
      plain,
      streamed,
      tokens,
      active: this.active,
      upstreamErrors: Object.fromEntries(upstreamErrors),
      usageMissing: Object.fromEntries(usageMissing),
      duration: duration.counts,
      timeToFirstToken: timeToFirstToken.counts,
    };
  }
}

class ProviderCounts {
  readonly plain: Mutable<StatusCounts> = [0, 0, 0, 0, 0, 0];
  readonly streamed: Mutable<StatusCounts> = [0, 0, 0, 0, 0, 0];
  readonly tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
  readonly upstreamErrors = new Map<UpstreamFault, number>();
  readonly usageMissing = new Map<string, number>();
  readonly duration = new Buckets();
  readonly timeToFirstToken = new Buckets();

  add(record: CallRecord): void {
    const counts = record.stream === true ? this.streamed : this.plain;
    counts[statusClass(record.status)]++;
    const fault = record.error_type;
    if (isUpstreamFault(fault)) raise(this.upstreamErrors, fault);
    if (record.usage_state === "missing") raise(this.usageMissing, record.usage_reason ?? "unknown");
    if (record.duration_ms !== undefined) this.duration.add(record.duration_ms / 1000);
    if (record.ttft_ms !== undefined) this.timeToFirstToken.add(record.ttft_ms / 1000);
    // A response that is read again was already counted when it was new.
    if (record.usage_state !== "replay") this.#addTokens(record);
  }

  #addTokens(record: CallRecord): void {
    this.tokens.input += record.total_input_tokens ?? record.input_tokens ?? 0;
    this.tokens.output += record.total_output_tokens ?? record.output_tokens ?? 0;
    this.tokens.cacheRead += record.cached_input_tokens ?? 0;
    this.tokens.cacheWrite += record.cache_write_tokens ?? 0;
    this.tokens.reasoning += record.reasoning_tokens ?? 0;
    if (record.extra_items !== undefined) this.#addItems(record.extra_items);
  }

  /** Another model's work, where the call's own counters do not hold it. */
  #addItems(items: readonly unknown[]): void {
    for (const item of billedItems(items).filter(isBeside)) {
      this.tokens.input += item.input ?? 0;
      this.tokens.output += item.output ?? 0;
      this.tokens.cacheRead += item.cacheRead ?? 0;
      this.tokens.cacheWrite += item.cacheWrite ?? 0;
      this.tokens.reasoning += item.reasoning ?? 0;
    }
  }
}

class Buckets {
  readonly #counts = new Array<number>(durationBounds.length + 1).fill(0);
  #sumSeconds = 0;

  add(seconds: number): void {
    let index = 0;
    while (index < durationBounds.length && seconds > (durationBounds[index] ?? 0)) index++;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sumSeconds += seconds;
  }

  get counts(): BucketCounts {
    return { counts: this.#counts, sumSeconds: this.#sumSeconds };
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const upstreamFaults: Readonly<Record<UpstreamFault, true>> = {
  upstream_unreachable: true,
  upstream_timeout: true,
  upstream_reset: true,
  upstream_invalid: true,
};

/** `error_type` may also hold the provider's own words; those are unbounded and stay out of the metrics. */
function isUpstreamFault(errorType: string | null): errorType is UpstreamFault {
  return errorType !== null && Object.hasOwn(upstreamFaults, errorType);
}

function statusClass(status: number | null): 0 | 1 | 2 | 3 | 4 | 5 {
  if (status === null) return 0;
  if (status < 200) return 1;
  if (status < 300) return 2;
  if (status < 400) return 3;
  return status < 500 ? 4 : 5;
}

function raise<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
