import type { RequestRecord } from "../request/request-record.ts";
import type { UpstreamFault } from "../request/rejection.ts";
import type { RecordDeltas, RecordedProviderDelta } from "./proxy-deltas.ts";
import { RequestCounters } from "./request-counters.ts";

/** Counts what the records say. It is called for every record. */
export class RecordCounters {
  readonly #requests = new RequestCounters();
  readonly #providers = new Map<string, ProviderCounters>();
  #records = 0;

  add(record: RequestRecord): void {
    this.#records++;
    this.#requests.add(record);
    const error = record.error_type;
    if (isUpstreamFault(error)) {
      const counters = this.#provider(record.provider);
      increment(counters.upstreamErrors, error);
      if (record.error_code !== undefined) increment(counters.errorCodes, record.error_code);
    }
    if (record.usage_state !== "missing") return;
    increment(this.#provider(record.provider).usageMissing, record.usage_reason ?? "unknown");
  }

  get isEmpty(): boolean {
    return this.#records === 0;
  }

  /** The counts since the last delta; counting starts again at zero. */
  take(): RecordDeltas {
    const providers = Object.fromEntries([...this.#providers].map(([name, counters]) => [name, counters.delta()]));
    const delta = { records: this.#records, requests: this.#requests.take(), providers };
    this.#providers.clear();
    this.#records = 0;
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

class ProviderCounters {
  readonly upstreamErrors = new Map<UpstreamFault, number>();
  readonly errorCodes = new Map<string, number>();
  readonly usageMissing = new Map<string, number>();

  delta(): RecordedProviderDelta {
    return {
      upstreamErrors: Object.fromEntries(this.upstreamErrors),
      errorCodes: Object.fromEntries(this.errorCodes),
      usageMissing: Object.fromEntries(this.usageMissing),
    };
  }
}

const upstreamFaults: Readonly<Record<UpstreamFault, true>> = {
  upstream_unreachable: true,
  upstream_timeout: true,
  upstream_reset: true,
  upstream_invalid: true,
};

/** `error_type` may also be the provider's own text, which is unbounded and must not become a label. */
function isUpstreamFault(errorType: string | null): errorType is UpstreamFault {
  return errorType !== null && Object.hasOwn(upstreamFaults, errorType);
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
