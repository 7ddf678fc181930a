import type { DedupKey } from "../../core/request/usage-dedup.ts";

/** Background responses of a busy gateway in a day; about 10 MB of memory. */
const MAX_PENDING = 100_000;

/**
 * The ids of responses whose usage was not known when their request ended. A response that is fetched again is counted if
 * its id is here; any other was counted before. When the set is full, the oldest ids are dropped.
 */
export class PendingUsage {
  readonly #max: number;
  readonly #ids = new Set<string>();
  #forgotten = 0;

  constructor(max: number = MAX_PENDING) {
    this.#max = max;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** How many ids were dropped before their usage was known. */
  get forgotten(): number {
    return this.#forgotten;
  }

  add({ provider, id }: Pick<DedupKey, "provider" | "id">): void {
    const key = keyOf(provider, id);
    this.#ids.delete(key);
    this.#ids.add(key);
    if (this.#ids.size <= this.#max) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
    this.#forgotten++;
  }

  has({ provider, id }: Pick<DedupKey, "provider" | "id">): boolean {
    return this.#ids.has(keyOf(provider, id));
  }

  /** True if the response was pending; from then on it no longer is. */
  settle({ provider, id }: Pick<DedupKey, "provider" | "id">): boolean {
    return this.#ids.delete(keyOf(provider, id));
  }
}

/** No provider's name contains a space. */
function keyOf(provider: string, id: string): string {
  return `${provider} ${id}`;
}
