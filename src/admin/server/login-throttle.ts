interface Bucket {
  failures: number;
  failedAt: number;
  /** This exhaustion was already made known. */
  reported: boolean;
}

/** So many wrong tokens at once, and one more a second: an operator's typing errors fit, a search does not. */
const burst = 10;
const refillMs = 1000;
const maxAddresses = 1024;

/**
 * Slows down guessing of the token, per client address, in bounded memory: addresses beyond the bound share one
 * allowance. A right token costs nothing, so a busy dashboard is never slowed.
 */
export class LoginThrottle {
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();
  readonly #everyoneElse: Bucket;

  constructor(now: () => number) {
    this.#now = now;
    this.#everyoneElse = this.#empty();
  }

  /** Whether this address may have a token looked at now. */
  allows(address: string): boolean {
    const full = this.#buckets.size >= maxAddresses;
    const bucket = this.#buckets.get(address) ?? (full ? this.#everyoneElse : this.#empty());
    return this.#failures(bucket) + 1 <= burst;
  }

  /** Says whether this failure used up the allowance, once for each time that happens. */
  failed(address: string): boolean {
    const bucket = this.#open(address);
    const before = this.#failures(bucket);
    bucket.failures = before + 1;
    bucket.failedAt = this.#now();
    if (before === 0) bucket.reported = false;
    if (bucket.failures + 1 <= burst || bucket.reported) return false;
    bucket.reported = true;
    return true;
  }

  #failures(bucket: Bucket): number {
    return Math.max(0, bucket.failures - (this.#now() - bucket.failedAt) / refillMs);
  }

  #open(address: string): Bucket {
    const known = this.#buckets.get(address);
    if (known) return known;
    if (this.#buckets.size >= maxAddresses) this.#forgetForgiven();
    if (this.#buckets.size >= maxAddresses) return this.#everyoneElse;
    const bucket = this.#empty();
    this.#buckets.set(address, bucket);
    return bucket;
  }

  #forgetForgiven(): void {
    for (const [address, bucket] of this.#buckets) {
      if (this.#failures(bucket) === 0) this.#buckets.delete(address);
    }
  }

  #empty(): Bucket {
    return { failures: 0, failedAt: this.#now(), reported: false };
  }
}
