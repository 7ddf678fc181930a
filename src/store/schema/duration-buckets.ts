/**
 * Durations are counted in buckets, so that percentiles of any set of requests come from sums, and are the same however
 * these were added up. A bucket is a 32nd of a power of two of microseconds. The result is the middle of a bucket, so a
 * percentile is off by at most 1/64 (1.6 %). Below 32 microseconds each has a bucket of its own.
 */
const STEPS = 32;
const STEP_BITS = 5;
/** All durations beyond 48 days are in one bucket. */
const MAX_US = 2 ** 42 - 1;

/** The bucket of a duration in milliseconds. */
export function bucketOf(ms: number): number {
  const us = Math.min(Math.max(Math.round(ms * 1000), 0), MAX_US);
  if (us < STEPS) return us;
  const shift = Math.floor(Math.log2(us)) - STEP_BITS;
  return shift * STEPS + Math.floor(us / 2 ** shift);
}

/** The number of buckets. */
export const DURATION_BUCKETS: number = bucketOf(Infinity) + 1;

/** The middle of a bucket, in milliseconds: the duration that is reported for the requests in it. */
export function bucketMiddleMs(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket / 1000;
  const shift = Math.floor(bucket / STEPS) - 1;
  const from = (bucket - shift * STEPS) * 2 ** shift;
  return (from + (2 ** shift - 1) / 2) / 1000;
}

/** `bucketOf` in SQL, for a value that is not NULL. */
export function bucketSql(ms: string): string {
  const us = `least(greatest(round(${ms} * 1000), 0), ${MAX_US})::BIGINT`;
  const shift = `(floor(log2(${us}))::BIGINT - ${STEP_BITS})`;
  return `(CASE WHEN ${us} < ${STEPS} THEN ${us} ELSE ${shift} * ${STEPS} + (${us} >> ${shift}) END)::USMALLINT`;
}

/** `bucketMiddleMs` in SQL. */
export function bucketMiddleSql(bucket: string): string {
  const shift = `(${bucket} // ${STEPS} - 1)`;
  return `(CASE WHEN ${bucket} < ${2 * STEPS} THEN ${bucket} / 1000 ELSE ((${bucket} - ${shift} * ${STEPS}) * (1::BIGINT << ${shift}::INT) + ((1::BIGINT << ${shift}::INT) - 1) / 2) / 1000 END)`;
}
