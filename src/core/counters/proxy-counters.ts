import type { RequestRecord } from "../request/request-record.ts";
import { RecordCounters } from "./record-counters.ts";
import type { ConnectionRejection, ProxyDeltas, ProviderDelta, RejectionKind } from "./proxy-deltas.ts";
import { rateLimitRemainingIn } from "../usage/rate-limit-remaining.ts";
import type { ForbiddenReason, Rejection } from "../request/rejection.ts";

/**
 * Counts what one data worker does, and returns the counts as deltas. The methods are called for every request, so each is
 * a few additions; maps and arrays are created only when a delta is taken.
 */
export class ProxyCounters {
  #providers = new Map<string, ProviderCounters>();
  #forbidden = new Map<ForbiddenReason, number>();
  #rejected = new Map<RejectionKind, number>();
  #connectionsRejected = new Map<ConnectionRejection, number>();
  readonly #recorded = new RecordCounters();

  /** A request to a provider starts; `requestEnded` must follow exactly once. */
  requestStarted(provider: string): void {
    this.#provider(provider).active++;
  }

  /** `fields` are those of the provider's response. Only the last are read, when a delta is taken. */
  requestEnded(provider: string, fields: Fields): void {
    const counters = this.#provider(provider);
    counters.active--;
    if (fields.length > 0) counters.lastFields = fields;
  }

  /** LMGate responded itself. Upstream errors are counted with the request's record instead. */
  requestRejected(rejection: Rejection): void {
    if (rejection.kind === "upstream") return;
    if (rejection.kind === "forbidden") increment(this.#forbidden, rejection.reason);
    else increment(this.#rejected, rejection.kind);
  }

  connectionRejected(limit: ConnectionRejection): void {
    increment(this.#connectionsRejected, limit);
  }

  recorded(record: RequestRecord): void {
    this.#recorded.add(record);
  }

  /** The counts since the last delta; counting starts again at zero. */
  take({ loopLagMs, connections }: Pick<ProxyDeltas, "loopLagMs" | "connections">): ProxyDeltas {
    const delta: ProxyDeltas = {
      providers: Object.fromEntries([...this.#providers].map(([name, counters]) => [name, counters.take()])),
      recorded: this.#recorded.take(),
      forbidden: Object.fromEntries(this.#forbidden),
      rejected: Object.fromEntries(this.#rejected),
      connectionsRejected: Object.fromEntries(this.#connectionsRejected),
      connections,
      loopLagMs,
    };
    // This delta reports that no request is running at these providers, so later ones can leave them out.
    for (const [name, counters] of this.#providers) if (counters.active === 0) this.#providers.delete(name);
    this.#forbidden.clear();
    this.#rejected.clear();
    this.#connectionsRejected.clear();
    return delta;
  }

  #provider(name: string): ProviderCounters {
    const known = this.#providers.get(name);
    if (known) return known;
    const counters = new ProviderCounters();
    this.#providers.set(name, counters);
    return counters;
  }
}

type Fields = Parameters<typeof rateLimitRemainingIn>[0];

const NO_FIELDS: Fields = [];

class ProviderCounters {
  active = 0;
  lastFields = NO_FIELDS;

  take(): ProviderDelta {
    const delta = { active: this.active, rateLimitRemaining: rateLimitRemainingIn(this.lastFields) };
    this.lastFields = NO_FIELDS;
    return delta;
  }
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
