import { setTimeout as delay } from "node:timers/promises";

import type { Books } from "./expected-requests.ts";
import { Caller } from "./client.ts";
import { mixedCall, streamCall, type Pace, type PlannedRequest } from "./planned-request.ts";

const TICK_MS = 10;
/** A source address has so many ports for one target. */
const PER_ADDRESS = 20_000;
/** How long the last ones may take to be open. */
const SETTLE_MS = 10_000;
const MAX_CALLERS = 4_000;
/** Calls without an answer yet: on a machine that stood still for a while they must not all come at once. */
const MAX_WAITING = 400;
const FULL_SPEED: Pace = { pieces: 30, everyMs: 0 };
const STREAM_PACE: Pace = { pieces: 30, everyMs: 25 };

/** The clients: they are counted, what they see is noted in the books. */
export class Load {
  /** Calls that should have begun and had to wait for a client. */
  late = 0;
  begun = 0;
  readonly #port: number;
  readonly #books: Books;
  readonly #free: Caller[] = [];
  readonly #all: Caller[] = [];
  readonly #running = new Set<Promise<void>>();
  #waiting = 0;

  constructor(port: number, books: Books) {
    this.#port = port;
    this.#books = books;
  }

  /** Answers that have begun and are not over. */
  get receiving(): number {
    return this.#all.filter((caller) => caller.receiving).length;
  }

  /** As fast as everything on this machine together can go; calls a second. */
  async atFullSpeed(seconds: number, clients: number): Promise<number> {
    const begun = this.begun;
    const from = performance.now();
    const until = from + seconds * 1_000;
    const client = async (): Promise<void> => {
      while (performance.now() < until) await this.#start(mixedCall(this.begun, FULL_SPEED));
    };
    await Promise.all(Array.from({ length: clients }, client));
    return ((this.begun - begun) * 1_000) / (performance.now() - from);
  }

  /** So many calls a second, whether those before them are over or not. */
  async atRate(perSecond: number, seconds: number): Promise<void> {
    const from = performance.now();
    let due = 0;
    let started = 0;
    while (performance.now() - from < seconds * 1_000) {
      due = ((performance.now() - from) / 1_000) * perSecond;
      for (; started < due; started++) {
        if (this.#running.size >= MAX_CALLERS || this.#waiting >= MAX_WAITING) {
          this.late++;
          break;
        }
        void this.#start(mixedCall(this.begun, STREAM_PACE));
      }
      await delay(TICK_MS);
    }
    await this.drained();
  }

  /** So many streams at once, opened over `rampSeconds`; all of them should be open when `allOpen` is called. */
  async streams(count: number, pace: Pace, rampSeconds: number, allOpen: () => void): Promise<void> {
    const from = performance.now();
    for (let opened = 0; opened < count;) {
      const due = Math.min(count, ((performance.now() - from) / 1_000 / rampSeconds) * count);
      for (; opened < due && this.#waiting < MAX_WAITING; opened++) void this.#start(streamCall(this.begun, pace));
      await delay(TICK_MS);
    }
    const deadline = performance.now() + SETTLE_MS;
    while (this.receiving < count && performance.now() < deadline) await delay(100);
    allOpen();
    await this.drained();
  }

  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  close(): void {
    for (const caller of this.#all) caller.close();
  }

  #start(plan: PlannedRequest): Promise<void> {
    this.begun++;
    this.#books.begin(plan);
    const running = this.#run(plan);
    this.#running.add(running);
    return running.finally(() => this.#running.delete(running));
  }

  async #run(plan: PlannedRequest): Promise<void> {
    const caller = this.#free.pop() ?? this.#open();
    this.#waiting++;
    const seen = await caller.call(plan, () => this.#waiting--);
    this.#free.push(caller);
    this.#books.seen(plan, seen);
  }

  #open(): Caller {
    const caller = new Caller(this.#port, `127.0.0.${1 + Math.floor(this.#all.length / PER_ADDRESS)}`);
    this.#all.push(caller);
    return caller;
  }
}
