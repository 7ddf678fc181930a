import type { Transferable, Worker } from "node:worker_threads";
import { Backoff } from "../../core/backoff.ts";
import type { Logger } from "../../core/log.ts";
import type { WorkerStatus } from "../../core/counters/status.ts";
import type { Heartbeat } from "../protocol/messages.ts";
import { HeartbeatMonitor } from "./heartbeat.ts";
import { startWorker, type WorkerEntry } from "./prestarted-workers.ts";

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
const CHECK_MS = 1_000;
const MAX_MISSED_CHECKS = 5;

export interface SupervisedWorkerOptions<Out> {
  readonly name: string;
  readonly entry: WorkerEntry;
  /** A worker that is already running, for the first start. */
  readonly prestarted?: Worker | undefined;
  readonly log: Logger;
  /**
   * What to do with a worker that is not responding. `restart` one whose event loop hangs; `wait` for one that hangs in
   * a system call on a disk, which cannot be interrupted and may still return.
   */
  readonly whenUnresponsive: "restart" | "wait";
  /** Called for each start. Ports in `data` are also listed in `transfer`. */
  readonly init: (heartbeat: Heartbeat) => { readonly data: unknown; readonly transfer: readonly Transferable[] };
  readonly onMessage: (message: Out) => void;
  /** The worker ended by itself. It will be restarted unless it was retired. */
  readonly onExit: () => void;
  /** The worker stopped responding, or is responding again. */
  readonly onResponsiveChange: () => void;
}

/** Runs a worker and restarts it when it throws, runs out of memory or stops responding. */
export class SupervisedWorker<In, Out> {
  state: WorkerStatus["state"] = "starting";
  restarts = 0;
  unresponsive = false;
  readonly #options: SupervisedWorkerOptions<Out>;
  readonly #checks: NodeJS.Timeout;
  readonly #backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
  #worker: Worker;
  #monitor: HeartbeatMonitor;
  #startedAt = 0;
  #restart: NodeJS.Timeout | undefined;
  #retired = false;
  #supervised = true;

  constructor(options: SupervisedWorkerOptions<Out>) {
    this.#options = options;
    [this.#worker, this.#monitor] = this.#start(options.prestarted);
    this.#checks = setInterval(() => this.#check(), CHECK_MS);
  }

  get name(): string {
    return this.#options.name;
  }

  post(message: In, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  /** Ends the worker now. It is restarted unless it was retired. */
  end(): void {
    void this.#worker.terminate();
  }

  /** The worker finishes its last work. However it ends, it is not restarted. */
  retire(): void {
    this.#retired = true;
    clearTimeout(this.#restart);
    if (this.state === "down") this.#stopSupervising();
  }

  /** Ends the worker for good, without `onExit`. */
  async terminate(): Promise<void> {
    this.retire();
    this.#stopSupervising();
    await this.#worker.terminate();
  }

  #stopSupervising(): void {
    this.#supervised = false;
    clearInterval(this.#checks);
  }

  #start(prestarted?: Worker): [Worker, HeartbeatMonitor] {
    const { entry, name } = this.#options;
    const heartbeat: Heartbeat = { beats: new SharedArrayBuffer(4), slot: 0 };
    const { data, transfer } = this.#options.init(heartbeat);
    const worker = prestarted ?? startWorker(entry, name);
    worker.postMessage(data, [...transfer]);
    worker.on("message", (message: Out) => this.#options.onMessage(message));
    worker.on("error", (error: unknown) => {
      this.#options.log.error({ thread: name, error: describe(error) }, "worker failed");
    });
    worker.on("exit", () => this.#exited(worker));
    this.#startedAt = performance.now();
    this.state = "starting";
    return [worker, new HeartbeatMonitor(heartbeat)];
  }

  #check(): void {
    if (this.state === "down") return;
    const unresponsive = this.#monitor.check() >= MAX_MISSED_CHECKS;
    if (unresponsive === this.unresponsive) return;
    this.unresponsive = unresponsive;
    const fields = { thread: this.name, silentSeconds: MAX_MISSED_CHECKS };
    if (!unresponsive) this.#options.log.info({ thread: this.name }, "worker responding again");
    else if (this.#options.whenUnresponsive === "wait") this.#options.log.error(fields, "worker not responding");
    else {
      this.#options.log.error(fields, "worker not responding; restarting");
      this.end();
    }
    this.#options.onResponsiveChange();
  }

  #exited(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.state = "down";
    this.unresponsive = false;
    if (!this.#supervised) return;
    if (this.#retired) {
      this.#stopSupervising();
      this.#options.onExit();
      return;
    }
    const delayMs = this.#backoff.next(performance.now() - this.#startedAt);
    this.#options.onExit();
    this.#options.log.warn({ thread: this.name, delayMs }, "worker ended; restarting");
    this.#restart = setTimeout(() => {
      this.restarts++;
      [this.#worker, this.#monitor] = this.#start();
    }, delayMs);
  }
}

/** Message and stack only: other properties of an error could hold a client's bytes. */
function describe(error: unknown): { message: string; stack: string | undefined } {
  if (error instanceof Error) return { message: error.message, stack: error.stack };
  return { message: String(error), stack: undefined };
}
