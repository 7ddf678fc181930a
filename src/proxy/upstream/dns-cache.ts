import { lookup, type LookupAddress, type LookupAllOptions, type LookupOptions } from "node:dns";

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** What asks the system: `dns.lookup` for all addresses of a name. */
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
/** When the resolver fails, an old answer is better than no service, up to here. */
const USABLE_MS = 600_000;
/** One renewal in this time is enough, however many connections fail. */
const DOUBT_MS = 1_000;
const ALL: LookupAllOptions = { all: true };

/**
 * Name look-ups shared by all connections of a thread. getaddrinfo runs in a pool that four hung calls can block for
 * the whole process, so an answer is kept, renewed in the background, and used a while longer when renewal fails.
 */
export class DnsCache {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: () => number;
  readonly #resolve: Resolve;

  constructor(clock: () => number, resolve: Resolve = lookup) {
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** A connection to that name did not come about: it may have moved. Nobody waits for the answer. */
  doubt(host: string): void {
    const entry = this.#entries.get(host);
    if (entry === undefined || entry.waiting !== undefined || entry.addresses.length === 0) return;
    if (this.#clock() - entry.resolvedAt >= DOUBT_MS) this.#renew(host, entry);
  }

  /** For `net.connect` and `tls.connect`: same contract as `dns.lookup` with `all`. */
  readonly lookup = (host: string, options: LookupOptions, callback: LookupCallback): void => {
    const entry = this.#entries.get(host);
    const now = this.#clock();
    if (entry !== undefined && entry.addresses.length > 0 && now < entry.usableUntil) {
      if (now >= entry.freshUntil && entry.waiting === undefined) this.#renew(host, entry);
      answer(entry.addresses, options, callback);
      return;
    }
    const pending = entry ?? { addresses: [], resolvedAt: 0, freshUntil: 0, usableUntil: 0, waiting: undefined };
    this.#entries.set(host, pending);
    const waiter: LookupCallback = (error, addresses) => {
      if (error || typeof addresses === "string") callback(error, addresses);
      else answer(addresses, options, callback);
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
        // Ask again soon, but not for each call.
        entry.freshUntil = now + 1_000;
      }
      for (const callback of waiting) callback(error, addresses);
    });
  }
}

function answer(addresses: LookupAddress[], options: LookupOptions, callback: LookupCallback): void {
  const family = options.family === "IPv4" ? 4 : options.family === "IPv6" ? 6 : (options.family ?? 0);
  const fitting = family === 0 ? addresses : addresses.filter((address) => address.family === family);
  const first = fitting[0];
  if (first === undefined) {
    callback(Object.assign(new Error("no address of the wanted family"), { code: "ENOTFOUND" }), []);
  } else if (options.all === true) {
    callback(null, fitting);
  } else {
    callback(null, first.address, first.family);
  }
}
