import { whole, type Statement } from "../../duckdb/statement.ts";
import { isNumeric, numberOf, tagOf, type Dimension } from "../../schema/dimensions.ts";
import type { Filter } from "../../schema/query.ts";
import { DAY, HOUR, type Stretch } from "../../time/time-zone.ts";

// Dimensions and filters in SQL over rows in which `t` is the time in milliseconds and the other dimensions are columns.
// `filter/match-filter.ts` has the same rules in JavaScript.

/** The local time at `t`, in milliseconds, as if it were UTC. */
function localTime(offsets: readonly Stretch[]): string {
  const [first, ...later] = offsets.toReversed();
  if (first === undefined) return "t";
  if (later.length === 0) return `(t + ${whole(first.offset)})`;
  const cases = offsets.slice(0, -1).map(({ to, offset }) => `WHEN t < ${whole(to)} THEN ${whole(offset)}`);
  return `(t + CASE ${cases.join(" ")} ELSE ${whole(first.offset)} END)`;
}

/** A whole number for a numeric dimension (a day since 1970, an hour, a weekday from Monday 1), else a text. */
export function dimensionSql(dimension: Dimension, offsets: readonly Stretch[], statement: Statement): string {
  const tag = tagOf(dimension);
  if (tag !== undefined) return `tags[${statement.value(tag)}]`;
  switch (dimension) {
    case "day":
      return `(${localTime(offsets)} // ${DAY})`;
    case "hour":
      return `(${localTime(offsets)} % ${DAY} // ${HOUR})`;
    case "weekday":
      // 1 January 1970 was a Thursday.
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

export function filterSql(filter: Filter, offsets: readonly Stretch[], statement: Statement): string {
  const { dimension, op } = filter;
  const column = dimensionSql(dimension, offsets, statement);
  const known = filter.values.filter((value) => value !== null);
  const values = known.map((value) => valueSql(dimension, value, statement));
  if (op === "gte" || op === "lte") {
    const [bound = "NULL"] = values;
    return `(${column} ${op === "gte" ? ">=" : "<="} ${bound})`;
  }
  const includesUnknown = known.length < filter.values.length;
  // DuckDB skips row groups by their statistics only for this plain form. NULL matches neither way here.
  if (op === "is" && !includesUnknown && values.length > 0) return `(${column} IN (${values.join(", ")}))`;
  const among = values.length > 0 ? `coalesce(${column} IN (${values.join(", ")}), false)` : "false";
  const withUnknown = includesUnknown ? `(${column} IS NULL OR ${among})` : among;
  return op === "is" ? withUnknown : `NOT ${withUnknown}`;
}

/** A text that is not a number of the dimension equals nothing. */
function valueSql(dimension: Dimension, value: string, statement: Statement): string {
  if (!isNumeric(dimension)) return statement.value(value);
  const number = numberOf(dimension, value);
  return number === undefined ? "NULL" : whole(number);
}
