import type { AccountingSettings } from "../../config/settings.ts";
import type { ClientHandler, ClientSide } from "./client-side.ts";
import type { Expiring, TimerWheel } from "../io/timer-wheel.ts";

/** The exchanges of one data worker that read a response to its end for its usage, although the client has left. */
export class ClientDrains {
  readonly #settings: AccountingSettings;
  readonly #wheel: TimerWheel;
  readonly #running = new Set<DiscardingClient>();
  #closed = false;

  constructor(settings: AccountingSettings, wheel: TimerWheel) {
    this.#settings = settings;
    this.#wheel = wheel;
  }

  /** Returns the replacement for a client, or `undefined` if too many drains are running already. */
  open(exchange: ClientHandler): DiscardingClient | undefined {
    const { drainBytes, drainMs, drainConcurrent } = this.#settings;
    if (this.#closed || this.#running.size >= drainConcurrent) return undefined;
    const client = new DiscardingClient(exchange, drainBytes, (finished) => {
      this.#wheel.remove(finished);
      this.#running.delete(finished);
    });
    this.#running.add(client);
    this.#wheel.arm(client, drainMs);
    return client;
  }

  /** Ends all drains: a process that stops does not wait for responses without a client. */
  close(): void {
    this.#closed = true;
    for (const client of this.#running) client.expire();
  }
}

/** Replaces a client that left: discards the response, within a limit of bytes and of time. */
export class DiscardingClient implements ClientSide, Expiring {
  deadline = 0;
  scheduled = 0;
  readonly ip = "";
  readonly closing = false;
  readonly #exchange: ClientHandler;
  readonly #onFinished: (client: DiscardingClient) => void;
  #remainingBytes: number;

  constructor(exchange: ClientHandler, maxBytes: number, onFinished: (client: DiscardingClient) => void) {
    this.#exchange = exchange;
    this.#remainingBytes = maxBytes;
    this.#onFinished = onFinished;
  }

  /** Returns false at the limit of bytes, like a client that does not read. `armTimeout` then ends the exchange. */
  write(bytes: Buffer): boolean {
    this.#remainingBytes -= bytes.length;
    return this.#remainingBytes >= 0;
  }

  armTimeout(waitingFor: "body" | "write" | "none"): void {
    if (waitingFor === "write") this.expire();
  }

  expire(): void {
    this.#exchange.clientGone();
  }

  finished(): void {
    this.#onFinished(this);
  }

  destroy(): void {
    this.#onFinished(this);
  }

  reset(): void {
    this.#onFinished(this);
  }

  reject(): void {
    this.#onFinished(this);
  }

  // Only a real connection does something here.

  retain(): void {}

  holdWrites(): void {}

  releaseWrites(): void {}

  pauseReading(): void {}

  resumeReading(): void {}

  end(): void {}
}
