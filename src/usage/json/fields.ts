/**
 * UsageReading provider JSON leniently: own members only (a document may name `__proto__`), and whatever is not of the expected
 * kind is unknown, never an error.
 */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function member(fields: Fields | undefined, key: string): unknown {
  // Most members that are asked for are not there: then the plain look-up, which is faster, has said so.
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

/** A text that says something: an empty string counts as absent (Azure's first chunk has an empty model). */
export function textAt(fields: Fields | undefined, key: string): string | undefined {
  const value = member(fields, key);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A price modifier such as a tier or a region, as sent; nothing a provider means by one is longer. */
export function labelAt(fields: Fields | undefined, key: string): string | undefined {
  return textAt(fields, key)?.slice(0, 64);
}

/** A counter: 12, 6.0 or "12"; not negative, not above what a double counts exactly. */
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

/** The members of both, `later` winning where it has a value that is not null. Counters are running totals: never added. */
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

/** An object without a prototype: a member that a provider calls `__proto__` is a member like any other. */
export function emptyFields(): Record<string, unknown> {
  return { __proto__: null };
}

function inRange(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= LARGEST;
}

/** More than anything counts, and few enough that totals of several are still exact. */
const LARGEST = 2 ** 50;
