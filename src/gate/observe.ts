import type { Reading } from "../core/usage.ts";
import { CallObserver, type Ending, type ObservedRequest, type ResponseFacts } from "../usage/observer.ts";
import type { SpareDecoders } from "../usage/spare-decoders.ts";
import { unreadable } from "../usage/unreadable.ts";

const UNREADABLE = unreadable("none", "unknown");

/** The side glance: whatever goes wrong in here, the call does not notice, and its record says so. */
export class SideGlance {
  #observer: CallObserver | undefined;

  constructor(request: ObservedRequest, clock: () => number, decoders: SpareDecoders) {
    try {
      this.#observer = new CallObserver(request, clock, decoders);
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
  sketch(): Reading {
    try {
      return this.#observer?.sketch() ?? UNREADABLE;
    } catch {
      return UNREADABLE;
    }
  }

  /** Calls `done` exactly once. */
  finish(ending: Ending, done: (reading: Reading) => void): void {
    const observer = this.#observer;
    this.#observer = undefined;
    let told = false;
    const once = (reading: Reading): void => {
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
