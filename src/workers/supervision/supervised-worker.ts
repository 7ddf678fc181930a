import type { Transferable, Worker } from "node:worker_threads";
import { Backoff } from "../../core/backoff.ts";
import type { Logger } from "../../core/log.ts";
import type { WorkerStatus } from "../../core/counters/status.ts";
import { END_FUNCTION, type Heartbeat } from "../protocol/messages.ts";
import { interruptWorker } from "./interrupt-worker.ts";
import { startWorker, type WorkerEntry } from "./prestarted-workers.ts";
import { WorkerJudge, type JudgeLimits, type ThreadUsage, type WorkerHealth } from "./worker-judge.ts";

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
const CHECK_MS = 1_000;
/** A start that takes longer is worth a line in the log. */
const SLOW_START_MS = 10_000;

/** A worker whose event loop hangs is restarted once it has used so much CPU time, however long that takes. */
export const RESTART_LIMITS: JudgeLimits = { cpuMs: 5_000, asleepMs: 60_000, startCpuMs: 60_000 };
/** How long a worker that hangs may take to end itself. One that hangs in a system call cannot. */
const END_ITSELF_MS = 1_000;
/** A worker that waits for a disk is only reported. */
const REPORT_LIMITS: JudgeLimits = { cpuMs: 5_000, asleepMs: 5_000, startCpuMs: 60_000 };

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
  /** The CPU time and state of the thread with this name; `undefined` if unknown. */
  readonly threadUsage: (name: string) => ThreadUsage | undefined;
  /** Called for each start. Ports in `data` are also listed in `transfer`. */
  readonly init: (heartbeat: Heartbeat) => { readonly data: unknown; readonly transfer: readonly Transferable[] };
  readonly onMessage: (message: Out) => void;
  /** The worker ended by itself. It will be restarted unless it was retired. */
  readonly onExit: () => void;
  /** The worker is starved, hangs, or is responding again. */
  readonly onHealthChange: () => void;
}

/** Runs a worker and restarts it when it throws, runs out of memory or hangs. */
export class SupervisedWorker<In, Out> {
  state: WorkerStatus["state"] = "starting";
  restarts = 0;
  health: WorkerHealth = "starting";
  readonly #options: SupervisedWorkerOptions<Out>;
  readonly #checks: NodeJS.Timeout;
  readonly #backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
  #worker: Worker;
  #heartbeat: Heartbeat;
  #judge: WorkerJudge;
  #isSlowStartLogged = false;
  #startedAt = 0;
  #restart: NodeJS.Timeout | undefined;
  #retired = false;
  #supervised = true;

  constructor(options: SupervisedWorkerOptions<Out>) {
    this.#options = options;
    [this.#worker, this.#heartbeat, this.#judge] = this.#start(options.prestarted);
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

  #start(prestarted?: Worker): [Worker, Heartbeat, WorkerJudge] {
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
    this.health = "starting";
    this.#isSlowStartLogged = false;
    return [worker, heartbeat, new WorkerJudge(this.#limits, this.#startedAt)];
  }

  get #limits(): JudgeLimits {
    return this.#options.whenUnresponsive === "restart" ? RESTART_LIMITS : REPORT_LIMITS;
  }

  #check(): void {
    if (this.state === "down") return;
    const now = performance.now();
    const { name, log, threadUsage } = this.#options;
    const beats = Atomics.load(new Int32Array(this.#heartbeat.beats), this.#heartbeat.slot);
    const health = this.#judge.check(beats, now, () => threadUsage(name));
    if (health === "starting" && !this.#isSlowStartLogged && now - this.#startedAt > SLOW_START_MS) {
      this.#isSlowStartLogged = true;
      log.warn({ thread: name }, "worker is still starting: it gets little CPU time");
    }
    if (health !== this.health) this.#changeHealth(health);
  }

  #changeHealth(health: WorkerHealth): void {
    const { name, log, whenUnresponsive, onHealthChange } = this.#options;
    const before = this.health;
    this.health = health;
    if (health === "starved") log.warn({ thread: name }, "worker gets too little CPU time; its requests wait");
    else if (health === "serving" && before !== "starting") log.info({ thread: name }, "worker responding again");
    else if (health === "hung" && whenUnresponsive === "wait") log.error({ thread: name }, "worker not responding");
    else if (health === "hung") {
      log.error({ thread: name }, "worker not responding; restarting");
      this.#endHung(this.#worker);
    }
    onHealthChange();
  }

  /** Lets the worker report its requests and reset its connections, which only its own thread can do, before it ends. */
  #endHung(worker: Worker): void {
    const deadline = setTimeout(() => void worker.terminate(), END_ITSELF_MS);
    worker.once("exit", () => clearTimeout(deadline));
    try {
      worker.once("exit", interruptWorker(worker, `${END_FUNCTION}()`));
    } catch (error) {
      // Node.js was built without an inspector; the worker is ended from outside.
      this.#options.log.warn({ thread: this.name, error: describe(error) }, "worker could not be interrupted");
    }
  }

  #exited(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.state = "down";
    this.health = "starting";
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
      [this.#worker, this.#heartbeat, this.#judge] = this.#start();
    }, delayMs);
  }
}

/** Message and stack only: other properties of an error could hold a client's bytes. */
function describe(error: unknown): { message: string; stack: string | undefined } {
  if (error instanceof Error) return { message: error.message, stack: error.stack };
  return { message: String(error), stack: undefined };
}
