import { Worker } from "node:worker_threads";

export type WorkerEntry = "data/data-worker" | "ledger/ledger-worker";

/**
 * Of the space for what is short-lived V8 makes 16 MB halves where much is allocated that stays, as with every thousand
 * streams, and never gives them back. A quarter of it holds what calls leave behind between two collections.
 */
const YOUNG_MEGABYTES = 12; // two halves, and as much again for large objects

/** A thread that loads its code and then waits to be told, in its first message, what it is to do. */
export function startWorker(entry: WorkerEntry, name: string): Worker {
  // Type stripping runs `.ts` in a checkout; a package holds compiled `.js`.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MEGABYTES };
  return new Worker(new URL(`./${entry}.${extension}`, import.meta.url), { name, resourceLimits });
}

/**
 * The threads that every gateway has. They load their code while the main thread still reads the configuration, which
 * takes either about as long.
 */
export class PrestartedWorkers {
  readonly #waiting = new Map<string, Worker>([
    ["ledger", startWorker("ledger/ledger-worker", "ledger")],
    ["data-1", startWorker("data/data-worker", "data-1")],
  ]);

  /** Whoever takes a thread has it for good. */
  take(name: string): Worker | undefined {
    const worker = this.#waiting.get(name);
    this.#waiting.delete(name);
    return worker;
  }

  /** Ends those that nobody took. */
  async end(): Promise<void> {
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    await Promise.all(left.map((worker) => worker.terminate()));
  }
}
