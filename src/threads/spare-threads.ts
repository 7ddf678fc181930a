import { Worker } from "node:worker_threads";

export type ThreadEntry = "data-thread" | "ledger-thread";

/** A thread that loads its code and then waits to be told, in its first message, what it is to do. */
export function beginThread(entry: ThreadEntry, name: string): Worker {
  // Type stripping runs `.ts` in a checkout; a package holds compiled `.js`.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new Worker(new URL(`./${entry}.${extension}`, import.meta.url), { name });
}

/**
 * The threads that every gateway has. They load their code while the main thread still reads the configuration, which
 * takes either about as long.
 */
export class SpareThreads {
  readonly #waiting = new Map<string, Worker>([
    ["ledger", beginThread("ledger-thread", "ledger")],
    ["data-1", beginThread("data-thread", "data-1")],
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
