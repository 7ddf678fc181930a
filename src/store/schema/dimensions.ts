import type { Dimension, Filter } from "./query.ts";
import { whole, type Statement } from "../duckdb/statement.ts";
import { DAY, HOUR, type Stretch } from "../time/time-zone.ts";

// What calls are told apart by, in SQL over `facts`: `t` is the moment in milliseconds, the others are columns.

const CLOCK = ["day", "hour", "weekday"] as const;
export type ClockDimension = (typeof CLOCK)[number];

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

export function isClock(dimension: Dimension): dimension is ClockDimension {
  return (CLOCK as readonly string[]).includes(dimension);
}

export function tagOf(dimension: Dimension): string | undefined {
  return dimension.startsWith("tag:") ? dimension.slice("tag:".length) : undefined;
}

/** Where numbers are compared, the others are texts. */
export function isNumeric(dimension: Dimension): boolean {
  return dimension === "status" || isClock(dimension);
}

/** The local time at `t`, in milliseconds, as if it were UTC. */
function localTime(offsets: readonly Stretch[]): string {
  const [first, ...later] = offsets.toReversed();
  if (first === undefined) return "t";
  if (later.length === 0) return `(t + ${whole(first.offset)})`;
  const cases = offsets.slice(0, -1).map(({ to, offset }) => `WHEN t < ${whole(to)} THEN ${whole(offset)}`);
  return `(t + CASE ${cases.join(" ")} ELSE ${whole(first.offset)} END)`;
}

/** A whole number for what is numeric (a day since 1970, an hour, a weekday from Monday 1), else a text. */
export function dimensionSql(dimension: Dimension, offsets: readonly Stretch[], statement: Statement): string {
  const tag = tagOf(dimension);
  if (tag !== undefined) return `tags[${statement.value(tag)}]`;
  switch (dimension) {
    case "day":
      return `(${localTime(offsets)} // ${DAY})`;
    case "hour":
      return `(${localTime(offsets)} % ${DAY} // ${HOUR})`;
    case "weekday":
      // 1970 began on a Thursday.
      return `((${localTime(offsets)} // ${DAY} + 3) % 7 + 1)`;
    default:
      return columnOf(dimension);
  }
}

const COLUMNS: ReadonlySet<string> = new Set([
  "owner",
  "key",
  "provider",
  "model",
  "endpoint",
  "operation",
  "status",
  "error_type",
  "client_app",
]);

function columnOf(dimension: string): string {
  if (!COLUMNS.has(dimension)) throw new Error(`no such dimension: ${dimension}`);
  return `"${dimension}"`;
}

/** What an answer calls the value that `dimensionSql` gives. */
export function keyOf(dimension: Dimension, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (dimension === "day") return new Date(Number(value) * DAY).toISOString().slice(0, 10);
  return typeof value === "string" ? value : String(Number(value));
}

export function labelOf(dimension: Dimension, key: string | null): string {
  if (key === null) return tagOf(dimension) === undefined ? "unknown" : "none";
  if (dimension === "weekday") return WEEKDAYS[Number(key) - 1] ?? key;
  return dimension === "hour" ? `${key.padStart(2, "0")}:00` : key;
}

/** The other way round: `undefined` if it is no value that the dimension can have. */
export function numberOf(dimension: Dimension, key: string): number | undefined {
  if (dimension === "day") {
    const day = /^\d{4}-\d\d-\d\d$/.test(key) ? Date.parse(`${key}T00:00:00Z`) / DAY : Number.NaN;
    return Number.isInteger(day) ? day : undefined;
  }
  return /^\d{1,4}$/.test(key) ? Number(key) : undefined;
}

export function filterSql(filter: Filter, offsets: readonly Stretch[], statement: Statement): string {
  const { dimension, op } = filter;
  const column = dimensionSql(dimension, offsets, statement);
  const known = filter.values.filter((value) => value !== null);
  const values = known.map((value) => valueSql(dimension, value, statement));
  if (op === "gte" || op === "lte") {
    const [bound = "NULL"] = values;
    return `(${column} ${op === "gte" ? ">=" : "<="} ${bound})`;
  }
  const asksUnknown = known.length < filter.values.length;
  // In its plain form the files' own statistics can tell where to look; unknown is not let through either way.
  if (op === "is" && !asksUnknown && values.length > 0) return `(${column} IN (${values.join(", ")}))`;
  const among = values.length > 0 ? `coalesce(${column} IN (${values.join(", ")}), false)` : "false";
  const withUnknown = asksUnknown ? `(${column} IS NULL OR ${among})` : among;
  return op === "is" ? withUnknown : `NOT ${withUnknown}`;
}

/** A text that is no number of the dimension equals nothing. */
function valueSql(dimension: Dimension, value: string, statement: Statement): string {
  if (!isNumeric(dimension)) return statement.value(value);
  const number = numberOf(dimension, value);
  return number === undefined ? "NULL" : whole(number);
}
