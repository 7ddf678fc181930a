import type { ConnectionRejection } from "../../core/counters/proxy-deltas.ts";

export interface ConnectionCaps {
  readonly total: number | undefined;
  readonly perAddress: number | undefined;
}

/** Number of slots for hashed addresses. Two addresses in one slot count as one: of 1,000 addresses, about 1 in 60. */
const SLOTS = 65_536;
const SEED = 0;

/**
 * Counts the client connections of all data workers in shared memory. The kernel distributes connections among workers
 * as it likes, so a limit for each worker would not limit the total. Each worker writes its own part, which is cleared
 * when the worker is restarted.
 */
export class ConnectionCounts {
  readonly #words: Int32Array;
  readonly #workers: number;
  readonly #worker: number;
  readonly #caps: ConnectionCaps;

  /** `worker` is the part of `shared` that is written, from 0. */
  constructor(shared: SharedArrayBuffer, worker: number, caps: ConnectionCaps) {
    this.#words = new Int32Array(shared);
    this.#workers = (this.#words.length - 1) / (1 + SLOTS);
    this.#worker = worker;
    this.#caps = caps;
  }

  /** The secret `seed` keeps clients from choosing addresses that share a slot. Pages that stay empty take no memory. */
  static allocate(workers: number, seed: number): SharedArrayBuffer {
    const shared = new SharedArrayBuffer(4 * (1 + workers * (1 + SLOTS)));
    new Int32Array(shared)[SEED] = seed;
    return shared;
  }

  /** Counts a connection, or returns the limit that it would exceed. */
  open(address: string): ConnectionRejection | undefined {
    const { total, perAddress } = this.#caps;
    if (!this.#add(0, total)) return "total";
    if (perAddress === undefined || this.#add(this.#slotOf(address), perAddress)) return undefined;
    this.#subtract(0);
    return "address";
  }

  close(address: string): void {
    this.#subtract(0);
    if (this.#caps.perAddress !== undefined) this.#subtract(this.#slotOf(address));
  }

  /** For a worker that has ended, and its connections with it. */
  clear(): void {
    const from = this.#at(this.#worker, 0);
    this.#words.fill(0, from, from + 1 + SLOTS);
  }

  /** Adds first and compares then. If two workers take the last place at once, neither gets it. */
  #add(part: number, cap: number | undefined): boolean {
    Atomics.add(this.#words, this.#at(this.#worker, part), 1);
    if (cap === undefined) return true;
    let sum = 0;
    for (let worker = 0; worker < this.#workers; worker++) sum += Atomics.load(this.#words, this.#at(worker, part));
    if (sum <= cap) return true;
    this.#subtract(part);
    return false;
  }

  #subtract(part: number): void {
    Atomics.sub(this.#words, this.#at(this.#worker, part), 1);
  }

  #at(worker: number, part: number): number {
    return 1 + worker * (1 + SLOTS) + part;
  }

  #slotOf(address: string): number {
    const network = networkOf(address);
    let hash = this.#words[SEED] ?? 0;
    for (let at = 0; at < network.length; at++) hash = Math.imul(hash ^ network.charCodeAt(at), 0x01_00_01_93);
    return 1 + (((hash ^ (hash >>> 15)) >>> 0) % SLOTS);
  }
}

/** One household or machine has a whole /64 of IPv6 (RFC 6177), so the /64 counts as one address. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", rest] = address.split("%", 1)[0]?.split("::") ?? [];
  const groups = head === "" ? [] : head.split(":");
  const tail = rest === undefined || rest === "" ? [] : rest.split(":");
  if (rest !== undefined) while (groups.length + tail.length < 8) groups.push("0");
  return [...groups, ...tail].slice(0, 4).join(":");
}
