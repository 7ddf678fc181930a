import type { ConnectionRejection } from "../../core/counters/proxy-deltas.ts";

export interface ConnectionCaps {
  readonly total: number | undefined;
  readonly perAddress: number | undefined;
}

/** Addresses by their hash. Two that meet in a slot are counted as one, of a thousand about one in sixty. */
const SLOTS = 65_536;
const SEED = 0;

/**
 * Client connections of all data threads, in memory that they share: the kernel deals connections out among threads as it
 * likes, and a cap on each thread would be a cap on nothing. Each thread writes a part of its own, which is cleared when
 * the thread is replaced.
 */
export class ConnectionCounts {
  readonly #words: Int32Array;
  readonly #threads: number;
  readonly #thread: number;
  readonly #caps: ConnectionCaps;

  /** `thread`: which part of `shared` is written; from 0. */
  constructor(shared: SharedArrayBuffer, thread: number, caps: ConnectionCaps) {
    this.#words = new Int32Array(shared);
    this.#threads = (this.#words.length - 1) / (1 + SLOTS);
    this.#thread = thread;
    this.#caps = caps;
  }

  /** `seed`: so that nobody can choose addresses that meet. Pages of addresses that never come take no memory. */
  static allocate(threads: number, seed: number): SharedArrayBuffer {
    const shared = new SharedArrayBuffer(4 * (1 + threads * (1 + SLOTS)));
    new Int32Array(shared)[SEED] = seed;
    return shared;
  }

  /** Counts a connection, or says why it must not be. */
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

  /** The thread is gone, and its connections with it. */
  clear(): void {
    const from = this.#at(this.#thread, 0);
    this.#words.fill(0, from, from + 1 + SLOTS);
  }

  /** Counted first and looked at then: of two threads that take the last place at once, neither may get it. */
  #add(part: number, cap: number | undefined): boolean {
    Atomics.add(this.#words, this.#at(this.#thread, part), 1);
    if (cap === undefined) return true;
    let sum = 0;
    for (let thread = 0; thread < this.#threads; thread++) sum += Atomics.load(this.#words, this.#at(thread, part));
    if (sum <= cap) return true;
    this.#subtract(part);
    return false;
  }

  #subtract(part: number): void {
    Atomics.sub(this.#words, this.#at(this.#thread, part), 1);
  }

  #at(thread: number, part: number): number {
    return 1 + thread * (1 + SLOTS) + part;
  }

  #slotOf(address: string): number {
    const network = networkOf(address);
    let hash = this.#words[SEED] ?? 0;
    for (let at = 0; at < network.length; at++) hash = Math.imul(hash ^ network.charCodeAt(at), 0x01_00_01_93);
    return 1 + (((hash ^ (hash >>> 15)) >>> 0) % SLOTS);
  }
}

/** One household or machine has a whole /64 of IPv6 (RFC 6177), so that counts as one address. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [front = "", back] = address.split("%", 1)[0]?.split("::") ?? [];
  const groups = front === "" ? [] : front.split(":");
  const behind = back === undefined || back === "" ? [] : back.split(":");
  if (back !== undefined) while (groups.length + behind.length < 8) groups.push("0");
  return [...groups, ...behind].slice(0, 4).join(":");
}
