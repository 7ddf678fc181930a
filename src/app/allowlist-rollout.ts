import { ApiError } from "../admin/server/problem.ts";
import type { Reloaded } from "../admin/api/admin-services.ts";
import type { AllowlistWatch } from "../allowlist/watch-allowlist.ts";
import type { WorkerStatus } from "../core/counters/status.ts";

// How a key that an operator adds on the dashboard gets into force. The API route writes the changed allow-list file and
// calls `reloadAllowlist`. The main thread reads the file, checks it and builds a new access table in shared memory; the
// table gets the next version number. `onChange` of the watch passes it to the supervisor, which posts it to every data
// worker. A worker uses the new table from its next request on and reports the version back. `AllowlistRollout` waits until
// every running data worker has reported this version or a later one, and only then does the route respond. A worker that
// is down needs no report: it starts with the newest table.

const DEADLINE_MS = 5_000;

export class AllowlistRollout {
  readonly #workers: () => readonly WorkerStatus[];
  readonly #pending = new Set<() => void>();

  constructor(workers: () => readonly WorkerStatus[]) {
    this.#workers = workers;
  }

  /** To be called whenever the status of a worker changed. */
  onWorkerStatus(): void {
    for (const check of this.#pending) check();
  }

  /** Resolves to the number of data workers once all that run use the version; to `undefined` after the deadline. */
  async completed(version: number): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const check = (): void => {
      const running = this.#workers().filter(({ name, state }) => name !== "ledger" && state === "running");
      if (running.length > 0 && running.every(({ accessVersion }) => accessVersion >= version)) resolve(running.length);
    };
    const deadline = setTimeout(() => resolve(undefined), DEADLINE_MS);
    this.#pending.add(check);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(deadline);
      this.#pending.delete(check);
    }
  }
}

/** Reloads the allow-list for a request of the admin API. Rejects with an `ApiError` if a worker does not confirm it in time. */
export async function reloadAllowlist(allowlist: AllowlistWatch, rollout: AllowlistRollout): Promise<Reloaded> {
  const { version, error } = await allowlist.reload();
  const acknowledgedBy = await rollout.completed(version);
  if (acknowledgedBy === undefined) {
    throw new ApiError(
      503,
      "The file was read, but not every data worker confirmed it in time. Workers apply it as soon as they can.",
    );
  }
  return { version, acknowledgedBy, error };
}
