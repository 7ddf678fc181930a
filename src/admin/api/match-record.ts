import type { RequestRecord } from "../../core/request/request-record.ts";
import { matchesFilter } from "../../store/filter/match-filter.ts";
import { clockValue, isClock, tagOf, type Dimension, type DimensionValue } from "../../store/schema/dimensions.ts";
import type { Filter } from "../../store/schema/query.ts";
import type { TimeZone } from "../../store/time/time-zone.ts";

type MatchableRecord = Partial<RequestRecord> & { readonly client_app: string | null };

/** True if every filter admits the record; a query with the same filters and time zone finds the same records. */
export function matchesFilters(record: MatchableRecord, filters: readonly Filter[], zone: TimeZone): boolean {
  return filters.every((filter) => matchesFilter(filter, valueOf(record, filter.dimension, zone)));
}

function valueOf(record: MatchableRecord, dimension: Dimension, zone: TimeZone): DimensionValue {
  const tag = tagOf(dimension);
  if (tag !== undefined) return record.tags?.[tag] ?? null;
  if (isClock(dimension)) {
    const instant = Date.parse(record.timestamp ?? "");
    return Number.isNaN(instant) ? null : clockValue(dimension, instant + zone.offsetAt(instant));
  }
  // as: all that is left are fields of the record, and `key`.
  const name = dimension as Exclude<keyof MatchableRecord & Dimension, "tags"> | "key";
  return (name === "key" ? record.lmgate_id : record[name]) ?? null;
}
