import type { RequestRecord } from "../request/request-record.ts";
import { RequestCounters } from "./request-counters.ts";
import type { ConnectionRejection, ProxyDeltas, ProviderDelta, RejectionKind } from "./proxy-deltas.ts";
import { rateLimitRemainingIn } from "../usage/rate-limit-remaining.ts";
import type { ForbiddenReason, Rejection, UpstreamFault } from "../request/rejection.ts";

/**
 * Counts what one data thread does, and hands the counts over as a delta. Every method is a few additions, for they are
 * called on the path of a call; maps and arrays are made anew only when a delta is taken.
 */
export class ProxyCounters {
  #providers = new Map<string, ProviderTally>();
  #denied = new Map<ForbiddenReason, number>();
  #refused = new Map<RejectionKind, number>();
  #connectionsRefused = new Map<ConnectionRejection, number>();
  readonly #calls = new RequestCounters();
  #records = 0;

  /** A call starts towards a provider; `ended` must follow, once. */
  began(provider: string): void {
    this.#provider(provider).active++;
  }

  /** `fields`: of the provider's answer; the last is looked at when a delta is taken. */
  ended(provider: string, fields: Fields): void {
    const tally = this.#provider(provider);
    tally.active--;
    if (fields.length > 0) tally.lastFields = fields;
  }

  /** LMGate answered by itself. Faults of the upstream are counted with the call's record instead. */
  refused(refusal: Rejection): void {
    if (refusal.kind === "upstream") return;
    if (refusal.kind === "forbidden") raise(this.#denied, refusal.reason);
    else raise(this.#refused, refusal.kind);
  }

  connectionRefused(why: ConnectionRejection): void {
    raise(this.#connectionsRefused, why);
  }

  recorded(record: RequestRecord): void {
    this.#records++;
    this.#provider(record.provider).add(record);
    this.#calls.add(record);
  }

  /** The counts since the last time; counting starts again from zero. */
  take({ loopLagMs, connections }: Pick<ProxyDeltas, "loopLagMs" | "connections">): ProxyDeltas {
    const delta: ProxyDeltas = {
      providers: Object.fromEntries([...this.#providers].map(([name, tally]) => [name, tally.take()])),
      calls: this.#calls.take(),
      denied: Object.fromEntries(this.#denied),
      refused: Object.fromEntries(this.#refused),
      connectionsRefused: Object.fromEntries(this.#connectionsRefused),
      connections,
      records: this.#records,
      loopLagMs,
    };
    // An idle provider has just been told with its zero of running calls, and is left out from here on.
    for (const [name, tally] of this.#providers) if (tally.active === 0) this.#providers.delete(name);
    this.#denied.clear();
    this.#refused.clear();
    this.#connectionsRefused.clear();
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

type Fields = Parameters<typeof rateLimitRemainingIn>[0];

const NO_FIELDS: Fields = [];

class ProviderTally {
  active = 0;
  lastFields = NO_FIELDS;
  #upstreamErrors = new Map<UpstreamFault, number>();
  #usageMissing = new Map<string, number>();

  add(record: RequestRecord): void {
    const fault = record.error_type;
    if (isUpstreamFault(fault)) raise(this.#upstreamErrors, fault);
    if (record.usage_state === "missing") raise(this.#usageMissing, record.usage_reason ?? "unknown");
  }

  take(): ProviderDelta {
    const delta = {
      active: this.active,
      headroom: rateLimitRemainingIn(this.lastFields),
      upstreamErrors: Object.fromEntries(this.#upstreamErrors),
      usageMissing: Object.fromEntries(this.#usageMissing),
    };
    this.lastFields = NO_FIELDS;
    this.#upstreamErrors.clear();
    this.#usageMissing.clear();
    return delta;
  }
}

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

function raise<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
