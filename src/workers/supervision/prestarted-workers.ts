import { Worker } from "node:worker_threads";

export type WorkerEntry = "data/data-worker" | "ledger/ledger-worker";

/**
 * Caps V8's young generation: three times the size of a semi-space, of which one part is for large objects. With thousands
 * of open streams V8 grows it to the cap and never shrinks it. A data worker's must be large enough that few of the
 * requests that wait for their provider are still there at the second collection, which moves what is left to the old
 * generation.
 */
const YOUNG_MEGABYTES: Readonly<Record<WorkerEntry, number>> = { "data/data-worker": 24, "ledger/ledger-worker": 12 };

/** Starts a worker that loads its code and then waits for its first message, which says what to do. */
export function startWorker(entry: WorkerEntry, name: string): Worker {
  // A checkout runs `.ts` with type stripping; a package holds compiled `.js`.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MEGABYTES[entry] };
  return new Worker(new URL(`../${entry}.${extension}`, import.meta.url), { name, resourceLimits });
}

/**
 * The two workers that every gateway needs. They load their code while the main thread reads the configuration, which
 * takes about as long.
 */
export class PrestartedWorkers {
  readonly #waiting = new Map<string, Worker>([
    ["ledger", startWorker("ledger/ledger-worker", "ledger")],
    ["data-1", startWorker("data/data-worker", "data-1")],
  ]);

  /** The caller becomes the owner of the worker. */
  take(name: string): Worker | undefined {
    const worker = this.#waiting.get(name);
    this.#waiting.delete(name);
    return worker;
  }

  /** Terminates the workers that were not taken. */
  async end(): Promise<void> {
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    await Promise.all(left.map((worker) => worker.terminate()));
  }
}
