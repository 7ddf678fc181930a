import type { Query } from "../schema/query.ts";
import { momentOf, timeRange } from "../time/time-range.ts";
import { timeZone } from "../time/time-zone.ts";

/** Methods of the reader that look at nothing outside of the range in their argument. */
const RANGED: ReadonlySet<string> = new Set(["query", "listRequests", "dimensionValues", "unpricedModels"]);

/** The earliest time that a method of the reader looks at, in epoch milliseconds; `-Infinity` for one that looks at all. */
export function earliestTime(method: string, argument: unknown, now: number): number {
  if (!RANGED.has(method)) return -Infinity;
  const { from, to, tz, compare } = argument as Pick<Query, "from" | "to" | "tz" | "compare">; // as: these methods take such an argument
  const zone = timeZone(tz);
  if (zone === undefined) return -Infinity;
  // An invalid time has an error of its own.
  if (momentOf(from, zone, now) === undefined || momentOf(to, zone, now) === undefined) return -Infinity;
  const range = timeRange({ from, to }, zone, now);
  return compare === "previous" ? range.earlier(range.from) : range.from;
}
