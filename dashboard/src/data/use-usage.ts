import type { QueryResponse, Dimension, Filter, Metric } from "../../../src/admin/api/contract.ts";
import { formatFilter } from "../../../src/store/filter/filter-text.ts";
import type { Scope } from "./url-state.ts";
import { useResource, type Resource } from "./resource.ts";

/** A usage query of a page; range, zone and filters come from the scope. */
export interface UsageRequest {
  readonly metrics: readonly Metric[];
  readonly groupBy?: readonly Dimension[];
  /** Defaults to the scope's own; `none` for one sum over the range. */
  readonly bucket?: "auto" | "none";
  readonly limit?: number;
  readonly order?: string;
  readonly compare?: boolean;
  /** In addition to those of the scope. */
  readonly filters?: readonly Filter[];
}

/** The parameters that every query has. */
export function scopeQuery(scope: Scope, more: readonly Filter[] = []): URLSearchParams {
  const query = new URLSearchParams({ from: scope.from, to: scope.to, tz: scope.tz });
  for (const filter of [...scope.filters, ...more]) query.append("filter", formatFilter(filter));
  return query;
}

export function usageQuery(scope: Scope, ask: UsageRequest): URLSearchParams {
  const query = scopeQuery(scope, ask.filters);
  query.set("bucket", ask.bucket ?? scope.bucket);
  query.set("metric", ask.metrics.join(","));
  if (ask.groupBy && ask.groupBy.length > 0) query.set("group_by", ask.groupBy.join(","));
  if (ask.limit !== undefined) query.set("limit", String(ask.limit));
  if (ask.order !== undefined) query.set("order", ask.order);
  if (ask.compare === true) query.set("compare", "previous");
  return query;
}

export function useUsage(scope: Scope, ask: UsageRequest | null): Resource<QueryResponse> {
  return useResource<QueryResponse>(ask === null ? null : `/usage?${usageQuery(scope, ask).toString()}`);
}
