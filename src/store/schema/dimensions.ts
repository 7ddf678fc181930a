import { DAY, HOUR } from "../time/time-zone.ts";

// The dimensions that requests are grouped and filtered by, and the values they can have. Pure, so that the dashboard and
// the live stream can use it as well; `backends/sql/dimension-sql.ts` has the same in SQL.

/** The last three are local times in the `tz` of the query. */
export const dimensionNames = [
  "owner",
  "key",
  "provider",
  "model",
  "endpoint",
  "operation",
  "status",
  "error_type",
  "client_app",
  "day",
  "hour",
  "weekday",
] as const;

/** `tag:<name>` is one of the client's own tags. */
export type Dimension = (typeof dimensionNames)[number] | `tag:${string}`;

const CLOCK = ["day", "hour", "weekday"] as const;
export type ClockDimension = (typeof CLOCK)[number];

/** A value as backends hold it: a whole number for a numeric dimension, else a text; `null` is unknown. */
export type DimensionValue = string | number | null;

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

export function isDimension(name: string): name is Dimension {
  return (dimensionNames as readonly string[]).includes(name) || (name.startsWith("tag:") && name !== "tag:");
}

export function isClock(dimension: Dimension): dimension is ClockDimension {
  return (CLOCK as readonly string[]).includes(dimension);
}

/** The name of the tag, for a dimension that is one. */
export function tagOf(dimension: Dimension): string | undefined {
  return dimension.startsWith("tag:") ? dimension.slice("tag:".length) : undefined;
}

/** Values of numeric dimensions are compared as numbers, those of the others as texts. */
export function isNumeric(dimension: Dimension): boolean {
  return dimension === "status" || isClock(dimension);
}

/** The day since 1970, the hour or the weekday (Monday is 1) at a local time in milliseconds. */
export function clockValue(dimension: ClockDimension, local: number): number {
  const day = Math.floor(local / DAY);
  if (dimension === "day") return day;
  // 1 January 1970 was a Thursday.
  return dimension === "weekday" ? ((day + 3) % 7) + 1 : Math.floor((local - day * DAY) / HOUR);
}

/** A value as results and filters spell it. */
export function keyOf(dimension: Dimension, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (dimension === "day") return new Date(Number(value) * DAY).toISOString().slice(0, 10);
  return typeof value === "string" ? value : String(Number(value));
}

/** The number that `keyOf` spells so; `undefined` if the dimension has no such value. */
export function numberOf(dimension: Dimension, key: string): number | undefined {
  if (dimension === "day") {
    const day = /^\d{4}-\d\d-\d\d$/.test(key) ? Date.parse(`${key}T00:00:00Z`) / DAY : Number.NaN;
    return Number.isInteger(day) ? day : undefined;
  }
  return /^\d{1,4}$/.test(key) ? Number(key) : undefined;
}

export function labelOf(dimension: Dimension, key: string | null): string {
  if (key === null) return tagOf(dimension) === undefined ? "unknown" : "none";
  if (dimension === "weekday") return WEEKDAYS[Number(key) - 1] ?? key;
  return dimension === "hour" ? `${key.padStart(2, "0")}:00` : key;
}
