import type { RequestRecord } from "../../core/request/request-record.ts";
import type { Dimension, Filter } from "../../store/schema/query.ts";

type Matchable = Partial<RequestRecord> & { readonly client_app: string | null };

/** Whether a call that has just ended is one of those asked for; the store decides the same in SQL. */
export function matchesFilters(call: Matchable, filters: readonly Filter[]): boolean {
  return filters.every(({ dimension, op, values }) => {
    const value = valueOf(call, dimension);
    switch (op) {
      case "is":
        return values.includes(value);
      case "is_not":
        return !values.includes(value);
      case "gte":
        return value !== null && Number(value) >= Number(values[0]);
      case "lte":
        return value !== null && Number(value) <= Number(values[0]);
    }
  });
}

function valueOf(call: Matchable, dimension: Dimension): string | null {
  if (dimension.startsWith("tag:")) return call.tags?.[dimension.slice("tag:".length)] ?? null;
  switch (dimension) {
    case "key":
      return call.lmgate_id ?? null;
    case "status":
      return call.status === null || call.status === undefined ? null : String(call.status);
    case "owner":
    case "provider":
    case "model":
    case "endpoint":
    case "operation":
    case "error_type":
    case "client_app":
      return call[dimension] ?? null;
    default:
      // A time of day is no property of what happens now.
      return null;
  }
}
