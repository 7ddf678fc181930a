import { setTimeout as delay } from "node:timers/promises";

import type { RequestVerifier } from "./request-verifier.ts";
import { Client } from "./client.ts";
import { mixedRequest, streamRequest, type Pace, type PlannedRequest } from "./planned-request.ts";

const TICK_MS = 10;
/** The number of source ports per source address, with some reserve. */
const PER_ADDRESS = 20_000;
/** How long to wait until all streams are open. */
const OPEN_TIMEOUT_MS = 10_000;
const MAX_CLIENTS = 4_000;
/** Maximum number of requests without a response, so that they do not all arrive at once after a pause of the machine. */
const MAX_WAITING = 400;
const FULL_SPEED: Pace = { chunks: 30, everyMs: 0 };
const STREAM_PACE: Pace = { chunks: 30, everyMs: 25 };

/** Runs the clients and reports their results to the verifier. */
export class Load {
  /** Number of requests that were due while no client was free. */
  late = 0;
  started = 0;
  readonly #port: number;
  readonly #verifier: RequestVerifier;
  readonly #idle: Client[] = [];
  readonly #all: Client[] = [];
  readonly #running = new Set<Promise<void>>();
  #waiting = 0;

  constructor(port: number, verifier: RequestVerifier) {
    this.#port = port;
    this.#verifier = verifier;
  }

  /** Number of responses that are arriving. */
  get receiving(): number {
    return this.#all.filter((client) => client.receiving).length;
  }

  /** Sends requests as fast as possible; resolves to requests per second. */
  async atFullSpeed(seconds: number, clients: number): Promise<number> {
    const before = this.started;
    const from = performance.now();
    const until = from + seconds * 1_000;
    const client = async (): Promise<void> => {
      while (performance.now() < until) await this.#start(mixedRequest(this.started, FULL_SPEED));
    };
    await Promise.all(Array.from({ length: clients }, client));
    return ((this.started - before) * 1_000) / (performance.now() - from);
  }

  /** Sends requests at a fixed rate, whether earlier ones have finished or not. */
  async atRate(perSecond: number, seconds: number): Promise<void> {
    const from = performance.now();
    let due = 0;
    let started = 0;
    while (performance.now() - from < seconds * 1_000) {
      due = ((performance.now() - from) / 1_000) * perSecond;
      for (; started < due; started++) {
        if (this.#running.size >= MAX_CLIENTS || this.#waiting >= MAX_WAITING) {
          this.late++;
          break;
        }
        void this.#start(mixedRequest(this.started, STREAM_PACE));
      }
      await delay(TICK_MS);
    }
    await this.drained();
  }

  /** Opens `count` streams over `rampSeconds`, then calls `onAllOpen` and waits until they end. */
  async streams(count: number, pace: Pace, rampSeconds: number, onAllOpen: () => void): Promise<void> {
    const from = performance.now();
    for (let opened = 0; opened < count;) {
      const due = Math.min(count, ((performance.now() - from) / 1_000 / rampSeconds) * count);
      for (; opened < due && this.#waiting < MAX_WAITING; opened++) void this.#start(streamRequest(this.started, pace));
      await delay(TICK_MS);
    }
    const deadline = performance.now() + OPEN_TIMEOUT_MS;
    while (this.receiving < count && performance.now() < deadline) await delay(100);
    onAllOpen();
    await this.drained();
  }

  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  close(): void {
    for (const client of this.#all) client.close();
  }

  #start(plan: PlannedRequest): Promise<void> {
    this.started++;
    this.#verifier.started(plan);
    const running = this.#run(plan);
    this.#running.add(running);
    return running.finally(() => this.#running.delete(running));
  }

  async #run(plan: PlannedRequest): Promise<void> {
    const client = this.#idle.pop() ?? this.#open();
    this.#waiting++;
    const result = await client.send(plan, () => this.#waiting--);
    this.#idle.push(client);
    this.#verifier.clientResult(plan, result);
  }

  #open(): Client {
    const client = new Client(this.#port, `127.0.0.${1 + Math.floor(this.#all.length / PER_ADDRESS)}`);
    this.#all.push(client);
    return client;
  }
}
