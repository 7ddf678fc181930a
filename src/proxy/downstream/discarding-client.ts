import type { AccountingSettings } from "../../core/settings.ts";
import type { RequestOnClient, ClientSide } from "./client-side.ts";
import type { Expiring, TimerWheel } from "../io/timer-wheel.ts";

/** The calls of one data thread that are read to their end behind clients that left, to learn what they used. */
export class ClientDrains {
  readonly #settings: AccountingSettings;
  readonly #wheel: TimerWheel;
  readonly #running = new Set<DiscardingClient>();
  #closed = false;

  constructor(settings: AccountingSettings, wheel: TimerWheel) {
    this.#settings = settings;
    this.#wheel = wheel;
  }

  /** Stands in for the client of a call; `undefined` when there are too many of them already. */
  open(call: RequestOnClient): DiscardingClient | undefined {
    const { drainBytes, drainMs, drainConcurrent } = this.#settings;
    if (this.#closed || this.#running.size >= drainConcurrent) return undefined;
    const afterlife = new DiscardingClient(call, drainBytes, (over) => {
      this.#wheel.forget(over);
      this.#running.delete(over);
    });
    this.#running.add(afterlife);
    this.#wheel.arm(afterlife, drainMs);
    return afterlife;
  }

  /** Nobody waits for them, so a process that stops does not either. */
  close(): void {
    this.#closed = true;
    for (const afterlife of this.#running) afterlife.expire();
  }
}

/** Takes the place of a client that left: swallows the answer, up to a bound of bytes and of time. */
export class DiscardingClient implements ClientSide, Expiring {
  deadline = 0;
  scheduled = 0;
  readonly ip = "";
  readonly closing = false;
  readonly #call: RequestOnClient;
  readonly #over: (afterlife: DiscardingClient) => void;
  #room: number;

  constructor(call: RequestOnClient, maxBytes: number, over: (afterlife: DiscardingClient) => void) {
    this.#call = call;
    this.#room = maxBytes;
    this.#over = over;
  }

  /** Full is what a client would be who takes no more; `await` is then asked for room. */
  write(bytes: Buffer): boolean {
    this.#room -= bytes.length;
    return this.#room >= 0;
  }

  await(what: "body" | "write" | "none"): void {
    if (what === "write") this.expire();
  }

  expire(): void {
    this.#call.clientGone();
  }

  finished(): void {
    this.#over(this);
  }

  destroy(): void {
    this.#over(this);
  }

  reset(): void {
    this.#over(this);
  }

  refuse(): void {
    this.#over(this);
  }

  // What only a connection has.

  lend(): void {}

  hold(): void {}

  release(): void {}

  pauseReading(): void {}

  resumeReading(): void {}

  end(): void {}
}
