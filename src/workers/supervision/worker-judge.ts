/** How a worker that runs is doing. `hung`: it uses CPU time, or waits in the kernel, without a heartbeat. */
export type WorkerHealth = "starting" | "serving" | "starved" | "hung";

/** What the kernel says about a worker's thread. */
export interface ThreadUsage {
  /** CPU time since the thread's start, in milliseconds. */
  readonly cpuMs: number;
  /** True while it runs or waits for a CPU; false while it sleeps, for example in a system call on a disk. */
  readonly isRunnable: boolean;
}

export interface JudgeLimits {
  /** CPU time without a heartbeat after which a worker hangs. */
  readonly cpuMs: number;
  /** Time asleep without a heartbeat after which it hangs. Also counts where the system tells nothing about threads. */
  readonly asleepMs: number;
  /** CPU time until the first heartbeat after which it hangs. */
  readonly startCpuMs: number;
}

/** An observation later than this tells nothing about the worker: the observer itself got no CPU time. */
const LONGEST_STEP_MS = 2_000;
/** Heartbeats come every half second, so one silent check each second is normal where much is going on. */
const STARVED_CHECKS = 2;

/**
 * Judges a worker by its own CPU time, because silence alone says nothing on a busy machine: a worker that gets no CPU time
 * is starved, and ending it would only cut healthy connections. A worker that hangs uses CPU time without a heartbeat, or
 * sleeps for long in the kernel.
 */
export class WorkerJudge {
  readonly #limits: JudgeLimits;
  #beats = 0;
  #checkedAt: number;
  #silentChecks = 0;
  /** At the first silent check. */
  #firstCpuMs: number | undefined;
  #lastCpuMs: number | undefined;
  #asleepMs = 0;

  constructor(limits: JudgeLimits, now: number) {
    this.#limits = limits;
    this.#checkedAt = now;
  }

  /** `beats` is the worker's counter; `usage` is read only if that has not changed. */
  check(beats: number, now: number, usage: () => ThreadUsage | undefined): WorkerHealth {
    const stepMs = Math.min(now - this.#checkedAt, LONGEST_STEP_MS);
    this.#checkedAt = now;
    if (beats !== this.#beats) {
      this.#beats = beats;
      this.#heard();
      return "serving";
    }
    this.#silentChecks++;
    this.#count(usage(), stepMs);
    const hasStarted = this.#beats > 0;
    const usedMs = (this.#lastCpuMs ?? 0) - (this.#firstCpuMs ?? 0);
    const isHung = usedMs >= (hasStarted ? this.#limits.cpuMs : this.#limits.startCpuMs);
    if (isHung || (hasStarted && this.#asleepMs >= this.#limits.asleepMs)) return "hung";
    if (!hasStarted) return "starting";
    return this.#silentChecks >= STARVED_CHECKS ? "starved" : "serving";
  }

  #heard(): void {
    this.#silentChecks = 0;
    this.#asleepMs = 0;
    this.#firstCpuMs = undefined;
    this.#lastCpuMs = undefined;
  }

  #count(usage: ThreadUsage | undefined, stepMs: number): void {
    this.#firstCpuMs ??= usage?.cpuMs;
    const isAsleep = usage === undefined || (!usage.isRunnable && usage.cpuMs === (this.#lastCpuMs ?? usage.cpuMs));
    this.#asleepMs = isAsleep ? this.#asleepMs + stepMs : 0;
    this.#lastCpuMs = usage?.cpuMs;
  }
}
