import type { UsageReading } from "../../core/usage/usage.ts";
import {
  RequestObserver,
  type Ending,
  type ObservedRequest,
  type ResponseFacts,
} from "../../usage/observe/observer.ts";
import type { DecoderPool } from "../../usage/decode/decoder-pool.ts";
import { unreadable } from "../../usage/observe/unreadable.ts";

const UNREADABLE = unreadable("none", "unknown");

/** The side glance: whatever goes wrong in here, the call does not notice, and its record says so. */
export class GuardedObserver {
  #observer: RequestObserver | undefined;

  constructor(request: ObservedRequest, clock: () => number, decoders: DecoderPool) {
    try {
      this.#observer = new RequestObserver(request, clock, decoders);
    } catch {
      this.#observer = undefined;
    }
  }

  /** Whether the answer is one that says what it used. */
  get countable(): boolean {
    return this.#observer?.countable ?? false;
  }

  requestBytes(payload: Buffer): void {
    try {
      this.#observer?.requestBytes(payload);
    } catch {
      this.#observer = undefined;
    }
  }

  requestSent(): void {
    this.#observer?.requestSent();
  }

  responseHead(facts: ResponseFacts): void {
    try {
      this.#observer?.responseHead(facts);
    } catch {
      this.#observer = undefined;
    }
  }

  responseBytes(payload: Buffer): void {
    try {
      this.#observer?.responseBytes(payload);
    } catch {
      this.#observer = undefined;
    }
  }

  /** What is known so far. */
  sketch(): UsageReading {
    try {
      return this.#observer?.sketch() ?? UNREADABLE;
    } catch {
      return UNREADABLE;
    }
  }

  /** Calls `done` exactly once. */
  finish(ending: Ending, done: (reading: UsageReading) => void): void {
    const observer = this.#observer;
    this.#observer = undefined;
    let told = false;
    const once = (reading: UsageReading): void => {
      if (told) return;
      told = true;
      done(reading);
    };
    if (observer === undefined) {
      once(UNREADABLE);
      return;
    }
    try {
      observer.finish(ending, once);
    } catch {
      once(UNREADABLE);
    }
  }
}
