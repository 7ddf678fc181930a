/**
 * Reads provider JSON leniently: own members only, because a document may name `__proto__`. A value of an unexpected
 * type counts as unknown and is never an error.
 */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function member(fields: Fields | undefined, key: string): unknown {
  // Most members are absent, and the plain look-up, which is faster, finds that out first.
  const value = fields?.[key];
  return value !== undefined && fields !== undefined && Object.hasOwn(fields, key) ? value : undefined;
}

export function hasMember(fields: Fields, key: string): boolean {
  return Object.hasOwn(fields, key);
}

export function fieldsAt(fields: Fields | undefined, key: string): Fields | undefined {
  const value = member(fields, key);
  return isFields(value) ? value : undefined;
}

export function listAt(fields: Fields | undefined, key: string): readonly unknown[] | undefined {
  const value = member(fields, key);
  return Array.isArray(value) ? value : undefined;
}

/** A non-empty string. An empty one counts as absent: Azure's first chunk has an empty model. */
export function textAt(fields: Fields | undefined, key: string): string | undefined {
  const value = member(fields, key);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A price modifier such as a tier or a region, as sent. The known ones are shorter than the limit. */
export function labelAt(fields: Fields | undefined, key: string): string | undefined {
  return textAt(fields, key)?.slice(0, 64);
}

/** A counter: 12, 6.0 or "12". It is not negative and not larger than `LARGEST`. */
export function countAt(fields: Fields | undefined, key: string): number | undefined {
  const value = member(fields, key);
  if (value === undefined) return undefined;
  const number = typeof value === "string" && /^\d{1,16}(?:\.0{1,9})?$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) && inRange(number) ? number : undefined;
}

/** An amount that may have a fraction: seconds, dollars. */
export function amountAt(fields: Fields | undefined, key: string): number | undefined {
  const value = member(fields, key);
  if (value === undefined) return undefined;
  const number = typeof value === "string" && /^\d{1,16}(?:\.\d{1,20})?$/.test(value) ? Number(value) : value;
  return inRange(number) ? number : undefined;
}

/** Merges both objects; `later` wins where its value is not null. Counters are running totals and are never added. */
export function merged(earlier: Fields | undefined, later: Fields): Fields {
  if (earlier === undefined) return later;
  const result = emptyFields();
  for (const key of Object.keys(earlier)) result[key] = earlier[key];
  for (const key of Object.keys(later)) {
    const value = later[key];
    if (value !== null && value !== undefined) result[key] = value;
  }
  return result;
}

/** An object without a prototype, so that a provider's member called `__proto__` is a member like any other. */
export function emptyFields(): Record<string, unknown> {
  return { __proto__: null };
}

function inRange(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= LARGEST;
}

/** Larger than any real counter, and small enough that a sum of several counters is still exact. */
const LARGEST = 2 ** 50;
