import type { ThreadStatus } from "../core/status.ts";

const DEADLINE_MS = 5_000;

/** Tells when all data threads go by a version of the allow-list. */
export class Acknowledgement {
  readonly #threads: () => readonly ThreadStatus[];
  readonly #waiting = new Set<() => void>();

  constructor(threads: () => readonly ThreadStatus[]) {
    this.#threads = threads;
  }

  /** To be called whenever a thread said something. */
  heard(): void {
    for (const look of this.#waiting) look();
  }

  /** How many data threads there are once all that run go by it. One that is down starts with the newest. */
  async of(version: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const look = (): void => {
      const running = this.#threads().filter(({ name, state }) => name !== "ledger" && state === "running");
      if (running.every(({ accessVersion }) => accessVersion >= version)) resolve(running.length);
    };
    const late = setTimeout(() => resolve(0), DEADLINE_MS);
    this.#waiting.add(look);
    look();
    try {
      const count = await promise;
      if (count === 0)
        throw new Error(`not every data thread took version ${version} of the allow-list in ${DEADLINE_MS} ms`);
      return count;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(look);
    }
  }
}
