import type { WorkerStatus } from "../core/counters/status.ts";

const DEADLINE_MS = 5_000;

/** Tells when all data threads go by a version of the allow-list. */
export class AllowlistRollout {
  readonly #threads: () => readonly WorkerStatus[];
  readonly #waiting = new Set<() => void>();

  constructor(threads: () => readonly WorkerStatus[]) {
    this.#threads = threads;
  }

  /** To be called whenever a thread said something. */
  heard(): void {
    for (const look of this.#waiting) look();
  }

  /** How many data threads there are once all that run go by it; `undefined` where that takes too long. */
  async of(version: number): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const look = (): void => {
      // One that is down starts with the newest.
      const running = this.#threads().filter(({ name, state }) => name !== "ledger" && state === "running");
      if (running.length > 0 && running.every(({ accessVersion }) => accessVersion >= version)) resolve(running.length);
    };
    const late = setTimeout(() => resolve(undefined), DEADLINE_MS);
    this.#waiting.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(look);
    }
  }
}
