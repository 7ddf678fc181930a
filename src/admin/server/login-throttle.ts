interface Bucket {
  failures: number;
  failedAt: number;
  /** The caller was already told that the allowance is used up. */
  reported: boolean;
}

/** Wrong tokens allowed at once; one more is allowed each second. Enough for typing errors, too few for guessing. */
const burst = 10;
const refillMs = 1000;
const maxAddresses = 1024;

/**
 * Token bucket for each client address, against guessing of the admin token. Memory is bounded: addresses beyond the
 * bound share one bucket. A right token costs nothing, so a busy dashboard is never slowed down.
 */
export class LoginThrottle {
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();
  readonly #sharedBucket: Bucket;

  constructor(now: () => number) {
    this.#now = now;
    this.#sharedBucket = this.#newBucket();
  }

  /** True if a token from this address may be checked now. */
  allows(address: string): boolean {
    const full = this.#buckets.size >= maxAddresses;
    const bucket = this.#buckets.get(address) ?? (full ? this.#sharedBucket : this.#newBucket());
    return this.#failures(bucket) + 1 <= burst;
  }

  /** True if this failure used up the allowance; only once until the address recovers. */
  recordFailure(address: string): boolean {
    const bucket = this.#bucketOf(address);
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

  #bucketOf(address: string): Bucket {
    const known = this.#buckets.get(address);
    if (known) return known;
    if (this.#buckets.size >= maxAddresses) this.#dropRecovered();
    if (this.#buckets.size >= maxAddresses) return this.#sharedBucket;
    const bucket = this.#newBucket();
    this.#buckets.set(address, bucket);
    return bucket;
  }

  #dropRecovered(): void {
    for (const [address, bucket] of this.#buckets) {
      if (this.#failures(bucket) === 0) this.#buckets.delete(address);
    }
  }

  #newBucket(): Bucket {
    return { failures: 0, failedAt: this.#now(), reported: false };
  }
}
