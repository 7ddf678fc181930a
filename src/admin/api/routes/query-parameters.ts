import type { StoreReader } from "../../../store/schema/reader.ts";
import { QueryError } from "../../../store/schema/query-error.ts";
import type { Parsed } from "../../../store/query/query-text.ts";
import { ApiError } from "../../server/problem.ts";
import type { Parameter } from "../../server/api-route.ts";
import type { AdminServices } from "../admin-services.ts";

// What the routes that ask the store have in common.

export const scopeParameters: readonly Parameter[] = [
  { name: "from", description: "RFC 3339, or relative to now: -24h, -7d, -30d, today, month. Default: -24h." },
  { name: "to", description: "The first moment that is no longer part of it. Default: now." },
  { name: "tz", description: "An IANA time zone. Default: UTC." },
  {
    name: "filter",
    description: "<dimension><op><value>[,<value>…] with =, !=, >= or <=; the value null is unknown, \\ escapes.",
    repeated: true,
  },
];

export const queryParameters: readonly Parameter[] = [
  ...scopeParameters,
  { name: "bucket", description: "auto, none, 1m, 5m, 15m, 1h, 1d, 1w or 1mo. Default: auto." },
  { name: "group_by", description: "Up to two dimensions, parted by a comma." },
  { name: "metric", description: "Metrics, parted by commas. Default: cost,total_tokens,requests,errors." },
  { name: "compare", description: "previous: the same length of time before, beside it. Default: none." },
  { name: "limit", description: "Groups beyond are summed as other. Default: 20." },
  { name: "order", description: "A metric, with - before it for the greatest first." },
];

export function unwrap<T>(result: Parsed<T>): T {
  if (result.ok) return result.value;
  throw new ApiError(
    400,
    "The question cannot be answered as it stands.",
    result.faults.map(({ where, message }) => ({ where, message })),
  );
}

/** Asks the store, and turns what it says when it cannot answer into what a client can use. */
export async function queryStore<T>(services: AdminServices, ask: (store: StoreReader) => Promise<T>): Promise<T> {
  if (services.store === undefined) throw new ApiError(503, "The store is switched off: store.enabled is false.");
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
    return new ApiError(400, "The question cannot be answered as it stands.", [
      { where: error.where, message: error.message },
    ]);
  }
  if (error instanceof Error && error.name === "StoreUnavailable") {
    return new ApiError(503, `The store does not answer now (${error.message}); calls are not affected. Try again.`);
  }
  return error;
}
