import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import { RequestObserver, type ObservedRequest, type ObservedResponse } from "../../usage/observe/observer.ts";
import type { BodyExtracts } from "../../usage/observe/read-extracts.ts";
import { FAILED, type UnfinishedExchange } from "../../usage/observe/read-unfinished.ts";
import type { DecoderPool } from "../../usage/decode/decoder-pool.ts";
import { unreadable } from "../../usage/observe/unreadable.ts";

const UNREADABLE = unreadable("none", "unknown");

/** Keeps errors of the observer away from the exchange: the request goes on, and its record says `observer_error`. */
export class GuardedObserver {
  #observer: RequestObserver | undefined;
  /** The reading of a request whose observer failed. */
  #failed = UNREADABLE;

  constructor(request: ObservedRequest, clock: () => number, decoders: DecoderPool) {
    try {
      this.#observer = new RequestObserver(request, clock, decoders);
    } catch {
      this.#observer = undefined;
    }
  }

  /** True if the response is of a kind that reports usage. */
  get expectsUsage(): boolean {
    return this.#observer?.expectsUsage ?? false;
  }

  requestBytes(payload: Buffer): void {
    try {
      this.#observer?.requestBytes(payload);
    } catch {
      this.#fail();
    }
  }

  requestSent(): void {
    this.#observer?.requestSent();
  }

  responseHead(response: ObservedResponse): void {
    try {
      this.#observer?.responseHead(response);
    } catch {
      this.#fail();
    }
  }

  responseBytes(payload: Buffer): void {
    try {
      this.#observer?.responseBytes(payload);
    } catch {
      this.#fail();
    }
  }

  /** What is known so far. */
  unfinished(): UnfinishedExchange {
    try {
      return this.#observer?.unfinished() ?? FAILED;
    } catch {
      this.#fail();
      return FAILED;
    }
  }

  /** What the reading of a complete exchange needs, to be read later; `undefined`: call `finish`. */
  takeExtracts(outcome: Outcome): BodyExtracts | undefined {
    try {
      return this.#observer?.takeExtracts(outcome);
    } catch {
      this.#fail();
      return undefined;
    }
  }

  finish(outcome: Outcome): UsageReading {
    const observer = this.#observer;
    this.#observer = undefined;
    try {
      return observer?.finish(outcome) ?? this.#failed;
    } catch {
      return observer?.unreadable ?? this.#failed;
    }
  }

  #fail(): void {
    if (this.#observer !== undefined) this.#failed = this.#observer.unreadable;
    this.#observer = undefined;
  }
}
