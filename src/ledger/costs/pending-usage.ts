import type { DedupKey } from "../../core/usage/usage-dedup.ts";

/** A day's worth of background work of a busy gateway, in some ten megabytes. */
const MAX_PENDING = 100_000;

/**
 * Answers whose use was not known when their call ended. Only these are remembered: an answer that is read again counts
 * if it settles one of them, and any other was counted before. The oldest make room.
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

  /** How many were pushed out before they were settled. */
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

  /** True for the first sighting of an answer that was pending. */
  settle({ provider, id }: Pick<DedupKey, "provider" | "id">): boolean {
    return this.#ids.delete(keyOf(provider, id));
  }
}

/** No provider's name holds a space. */
function keyOf(provider: string, id: string): string {
  return `${provider} ${id}`;
}
