import type { Transferable, Worker } from "node:worker_threads";
import type { Logger } from "../core/log.ts";
import type { WorkerStatus } from "../core/counters/status.ts";
import { HeartbeatMonitor } from "./heartbeat.ts";
import type { Heartbeat } from "./protocol.ts";
import { startWorker, type WorkerEntry } from "./prestarted-workers.ts";

const FIRST_BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 5_000;
/** A thread that lived this long failed for a new reason: back-off starts again. */
const SETTLED_MS = 60_000;
const LOOK_MS = 1_000;
const MAX_SILENT_LOOKS = 5;

export interface SupervisedWorkerOptions<Out> {
  readonly name: string;
  readonly entry: WorkerEntry;
  /** One that was begun already, for the first start. */
  readonly spare?: Worker | undefined;
  readonly log: Logger;
  /**
   * What silence means: a loop that will not come to an end, so the thread is ended; or a system call that hangs on a
   * disk, which nobody can end and which may yet return, with all that waits behind it.
   */
  readonly onSilence: "end" | "wait";
  /** Made anew for each start; ports in it are listed in `transfer`. */
  readonly init: (heartbeat: Heartbeat) => { readonly data: unknown; readonly transfer: readonly Transferable[] };
  readonly onMessage: (message: Out) => void;
  /** The thread is gone, unasked; it will be started again unless it was retired. */
  readonly onDown: () => void;
  /** It fell silent, or answers again. */
  readonly onLife: () => void;
}

/** A thread that is kept alive: replaced when it throws, runs out of memory or falls silent. */
export class SupervisedWorker<In, Out> {
  state: WorkerStatus["state"] = "starting";
  restarts = 0;
  silent = false;
  readonly #options: SupervisedWorkerOptions<Out>;
  readonly #looks: NodeJS.Timeout;
  #worker: Worker;
  #pulse: HeartbeatMonitor;
  #startedAt = 0;
  #backOffMs = FIRST_BACK_OFF_MS;
  #backOff: NodeJS.Timeout | undefined;
  #retired = false;
  #watched = true;

  constructor(options: SupervisedWorkerOptions<Out>) {
    this.#options = options;
    [this.#worker, this.#pulse] = this.#start(options.spare);
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
  }

  get name(): string {
    return this.#options.name;
  }

  post(message: In, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  /** End it now; a replacement follows unless it was retired. */
  end(): void {
    void this.#worker.terminate();
  }

  /** It has its last work to do: when it ends, however that comes about, no other follows. */
  retire(): void {
    this.#retired = true;
    clearTimeout(this.#backOff);
    if (this.state === "down") this.#unwatch();
  }

  /** From now on its end is what is wanted. */
  async terminate(): Promise<void> {
    this.retire();
    this.#unwatch();
    await this.#worker.terminate();
  }

  #unwatch(): void {
    this.#watched = false;
    clearInterval(this.#looks);
  }

  #start(spare?: Worker): [Worker, HeartbeatMonitor] {
    const { entry, name } = this.#options;
    const heartbeat: Heartbeat = { beats: new SharedArrayBuffer(4), slot: 0 };
    const { data, transfer } = this.#options.init(heartbeat);
    const worker = spare ?? startWorker(entry, name);
    worker.postMessage(data, [...transfer]);
    worker.on("message", (message: Out) => this.#options.onMessage(message));
    worker.on("error", (error: unknown) => {
      this.#options.log.error({ thread: name, error: describe(error) }, "thread failed");
    });
    worker.on("exit", () => this.#exited(worker));
    this.#startedAt = performance.now();
    this.state = "starting";
    return [worker, new HeartbeatMonitor(heartbeat)];
  }

  #look(): void {
    if (this.state === "down") return;
    const silent = this.#pulse.look() >= MAX_SILENT_LOOKS;
    if (silent === this.silent) return;
    this.silent = silent;
    const facts = { thread: this.name, silentSeconds: MAX_SILENT_LOOKS };
    if (!silent) this.#options.log.info({ thread: this.name }, "thread answers again");
    else if (this.#options.onSilence === "wait") this.#options.log.error(facts, "thread is silent");
    else {
      this.#options.log.error(facts, "thread is silent and is replaced");
      this.end();
    }
    this.#options.onLife();
  }

  #exited(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.state = "down";
    this.silent = false;
    if (!this.#watched) return;
    if (this.#retired) {
      this.#unwatch();
      this.#options.onDown();
      return;
    }
    if (performance.now() - this.#startedAt > SETTLED_MS) this.#backOffMs = FIRST_BACK_OFF_MS;
    const delayMs = this.#backOffMs;
    this.#backOffMs = Math.min(MAX_BACK_OFF_MS, this.#backOffMs * 2);
    this.#options.onDown();
    this.#options.log.warn({ thread: this.name, delayMs }, "thread is replaced");
    this.#backOff = setTimeout(() => {
      this.restarts++;
      [this.#worker, this.#pulse] = this.#start();
    }, delayMs);
  }
}

/** Message and place, never values: an error of the data plane could hold a caller's bytes. */
function describe(error: unknown): { message: string; stack: string | undefined } {
  if (error instanceof Error) return { message: error.message, stack: error.stack };
  return { message: String(error), stack: undefined };
}
