import type { StoreReader } from "../../../store/schema/reader.ts";
import { QueryError } from "../../../store/schema/query-error.ts";
import type { Parsed } from "../../../store/query/query-text.ts";
import { ApiError } from "../../server/problem.ts";
import type { Parameter } from "../../server/api-route.ts";
import type { AdminServices } from "../admin-services.ts";

// Parameters and errors that all routes with a store query share.

export const scopeParameters: readonly Parameter[] = [
  { name: "from", description: "RFC 3339, or relative to now: -24h, -7d, -30d, today, month. Default: -24h." },
  { name: "to", description: "End of the range, not included. Default: now." },
  { name: "tz", description: "An IANA time zone. Default: UTC." },
  {
    name: "filter",
    description:
      "<dimension><op><value>[,<value>…] with =, !=, >= or <=. The value null means unknown. Use \\ to escape a comma, a backslash or the word null.",
    repeated: true,
  },
];

export const queryParameters: readonly Parameter[] = [
  ...scopeParameters,
  { name: "bucket", description: "auto, none, 1m, 5m, 15m, 1h, 1d, 1w or 1mo. Default: auto." },
  { name: "group_by", description: "Up to two dimensions, comma-separated." },
  { name: "metric", description: "Metrics, comma-separated. Default: cost,total_tokens,requests,errors." },
  { name: "compare", description: "Set to previous to also return the preceding period. Default: none." },
  { name: "limit", description: "Maximum number of groups. The rest are combined as other. Default: 20." },
  { name: "order", description: "Metric to sort by. Prefix it with - for descending order." },
];

export function unwrap<T>(result: Parsed<T>): T {
  if (result.ok) return result.value;
  throw new ApiError(
    400,
    "The query is invalid.",
    result.faults.map(({ where, message }) => ({ where, message })),
  );
}

/** Queries the store, and turns its errors into errors of the API. */
export async function queryStore<T>(services: AdminServices, ask: (store: StoreReader) => Promise<T>): Promise<T> {
  if (services.store === undefined)
    throw new ApiError(503, "The query store is disabled. Set store.enabled to true to use it.");
  try {
    return await ask(services.store);
  } catch (error) {
    throw toApiError(error);
  }
}

/** A check of the store as the API reports it. */
export function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw toApiError(error);
  }
}

export function toApiError(error: unknown): unknown {
  if (error instanceof QueryError) {
    return new ApiError(400, "The query is invalid.", [{ where: error.where, message: error.message }]);
  }
  if (error instanceof Error && error.name === "StoreUnavailable") {
    return new ApiError(
      503,
      `The query store is unavailable: ${error.message}. Proxied requests are not affected. Try again later.`,
    );
  }
  return error;
}
