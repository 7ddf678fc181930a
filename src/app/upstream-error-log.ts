import type { Logger } from "../core/log.ts";
import type { RecordDeltas } from "../core/counters/proxy-deltas.ts";

/** A provider that stays unreachable is a line a minute, not a line for each request. */
const REPEAT_MS = 60_000;

interface Failing {
  loggedAt: number;
  /** Requests since then. */
  unlogged: number;
}

/** Writes to the log why connections to providers fail: at once for a new reason, then at most once a minute. */
export class UpstreamErrorLog {
  readonly #log: Logger;
  readonly #failing = new Map<string, Failing>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `now` is monotonic, in milliseconds. */
  add({ providers }: RecordDeltas, now: number): void {
    for (const [provider, { errorCodes }] of Object.entries(providers)) {
      for (const [code, requests] of Object.entries(errorCodes)) this.#count(provider, code, requests, now);
    }
  }

  #count(provider: string, code: string, requests: number, now: number): void {
    const name = `${provider} ${code}`;
    const failing = this.#failing.get(name) ?? { loggedAt: -Infinity, unlogged: 0 };
    this.#failing.set(name, failing);
    failing.unlogged += requests;
    if (now - failing.loggedAt < REPEAT_MS) return;
    this.#log.warn({ provider, code, requests: failing.unlogged }, "the connection to a provider failed");
    failing.loggedAt = now;
    failing.unlogged = 0;
  }
}
