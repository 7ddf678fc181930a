import { lookup, type LookupAddress, type LookupAllOptions, type LookupOptions } from "node:dns";

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** `dns.lookup` for all addresses of a name; a test passes its own. */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

interface Entry {
  addresses: LookupAddress[];
  resolvedAt: number;
  freshUntil: number;
  usableUntil: number;
  waiting: LookupCallback[] | undefined;
}

const FRESH_MS = 30_000;
/** If the resolver fails, the cache keeps serving old addresses up to this age. */
const USABLE_MS = 600_000;
/** Failed connections renew an entry at most once in this time. */
const RECHECK_MS = 1_000;
const ALL: LookupAllOptions = { all: true };

/**
 * Caches name lookups for all connections of a data worker. `getaddrinfo` runs in libuv's pool, where four hanging
 * lookups block the whole process. So the cache renews its entries in the background, and keeps serving old addresses
 * for a while when a renewal fails.
 */
export class DnsCache {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: () => number;
  readonly #resolve: Resolve;

  constructor(clock: () => number, resolve: Resolve = lookup) {
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** Renews a name in the background after a connection to it failed: its address may have changed. */
  recheck(host: string): void {
    const entry = this.#entries.get(host);
    if (entry === undefined || entry.waiting !== undefined || entry.addresses.length === 0) return;
    if (this.#clock() - entry.resolvedAt >= RECHECK_MS) this.#renew(host, entry);
  }

  /** For the `lookup` option of `net.connect` and `tls.connect`; the contract is that of `dns.lookup`. */
  readonly lookup = (host: string, options: LookupOptions, callback: LookupCallback): void => {
    const entry = this.#entries.get(host);
    const now = this.#clock();
    if (entry !== undefined && entry.addresses.length > 0 && now < entry.usableUntil) {
      if (now >= entry.freshUntil && entry.waiting === undefined) this.#renew(host, entry);
      deliver(entry.addresses, options, callback);
      return;
    }
    const pending = entry ?? { addresses: [], resolvedAt: 0, freshUntil: 0, usableUntil: 0, waiting: undefined };
    this.#entries.set(host, pending);
    const waiter: LookupCallback = (error, addresses) => {
      if (error || typeof addresses === "string") callback(error, addresses);
      else deliver(addresses, options, callback);
    };
    if (pending.waiting === undefined) this.#renew(host, pending);
    pending.waiting?.push(waiter);
  };

  #renew(host: string, entry: Entry): void {
    entry.waiting = [];
    this.#resolve(host, ALL, (error, addresses) => {
      const waiting = entry.waiting ?? [];
      entry.waiting = undefined;
      const now = this.#clock();
      entry.resolvedAt = now;
      if (error === null && addresses.length > 0) {
        entry.addresses = addresses;
        entry.freshUntil = now + FRESH_MS;
        entry.usableUntil = now + USABLE_MS;
      } else {
        // Retry soon, but not for every request.
        entry.freshUntil = now + 1_000;
      }
      for (const callback of waiting) callback(error, addresses);
    });
  }
}

function deliver(addresses: LookupAddress[], options: LookupOptions, callback: LookupCallback): void {
  const family = options.family === "IPv4" ? 4 : options.family === "IPv6" ? 6 : (options.family ?? 0);
  const matching = family === 0 ? addresses : addresses.filter((address) => address.family === family);
  const first = matching[0];
  if (first === undefined) {
    callback(Object.assign(new Error("no address of the wanted family"), { code: "ENOTFOUND" }), []);
  } else if (options.all === true) {
    callback(null, matching);
  } else {
    callback(null, first.address, first.family);
  }
}
