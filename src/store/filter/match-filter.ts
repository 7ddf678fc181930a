import { isClock, isNumeric, numberOf, type Dimension, type DimensionValue } from "../schema/dimensions.ts";
import { QueryError } from "../schema/query-error.ts";
import type { Filter } from "../schema/query.ts";

/** True if the filter admits a request whose dimension has this value. `null` is unknown. */
export function matchesFilter({ dimension, op, values }: Filter, value: DimensionValue): boolean {
  const isNumber = isNumeric(dimension);
  const equals = (wanted: string | null): boolean => {
    if (wanted === null || value === null) return wanted === value;
    return isNumber ? numberOf(dimension, wanted) === value : wanted === value;
  };
  switch (op) {
    case "is":
      return values.some(equals);
    case "is_not":
      return !values.some(equals);
    case "gte":
    case "lte": {
      const bound = numberOf(dimension, values[0] ?? "");
      if (!isNumber || typeof value !== "number" || bound === undefined) return false;
      return op === "gte" ? value >= bound : value <= bound;
    }
  }
}

const CLOCK_VALUES = { day: "a date such as 2026-11-23", hour: "0 to 23", weekday: "1 (Monday) to 7" };

/** Throws a `QueryError` for a filter that no request could ever match by its form: a text where a number belongs. */
export function checkFilter({ dimension, op, values }: Filter): void {
  if (op === "gte" || op === "lte") checkBound(dimension, op === "gte" ? ">=" : "<=", values);
  if (!isNumeric(dimension)) return;
  const invalid = values.find((value) => value !== null && numberOf(dimension, value) === undefined);
  if (invalid === undefined || invalid === null) return;
  const expected = isClock(dimension) ? CLOCK_VALUES[dimension] : "a number such as 429";
  throw new QueryError("filter", `invalid ${dimension} ${shortQuoted(invalid)}; use ${expected}`);
}

function checkBound(dimension: Dimension, sign: string, values: Filter["values"]): void {
  if (!isNumeric(dimension)) {
    throw new QueryError("filter", `${dimension} has no order, so ${sign} cannot be used; it works with status`);
  }
  if (values.length > 1) throw new QueryError("filter", `${dimension}${sign} takes one value, not ${values.length}`);
  if (values[0] === null) throw new QueryError("filter", `${dimension}${sign} takes a number, not null`);
}

/** A value in quotes for a message, cut where it is long. */
export function shortQuoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
