import * as z from "zod";
import { parseDimension } from "../../../store/filter/filter-text.ts";
import { QueryError } from "../../../store/schema/query-error.ts";
import { parseQuery, parseScope } from "../../../store/query/query-text.ts";
import { queryResponse, coverage, filter, querySchema, series, values } from "../../../store/schema/query.ts";
import type { DimensionValues } from "../contract.ts";
import { ApiError } from "../../server/problem.ts";
import { type Route, named, route } from "../../server/api-route.ts";
import { queryStore, unwrap, queryParameters, scopeParameters } from "./query-parameters.ts";
import type { AdminServices } from "../admin-services.ts";

named("Query", querySchema);
named("Filter", filter);
named("Values", values);
named("Series", series);
named("Coverage", coverage);
const usageResponse = named("Usage", queryResponse);
const dimensionValues: z.ZodType<DimensionValues> = named(
  "DimensionValues",
  z.object({
    dimension: z.string(),
    values: z.array(z.object({ value: z.string().nullable(), requests: z.number() })),
    more: z.boolean(),
  }),
);
const nearest = named("NearestRange", z.object({ range: z.object({ from: z.string(), to: z.string() }).nullable() }));

/** Aggregates over many requests. */
export function usageRoutes(services: AdminServices): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/usage",
      access: "authenticated",
      summary: "Query cost, tokens, requests, errors and latency over time and by group",
      query: queryParameters,
      response: usageResponse,
      run: ({ query, signal }) => queryStore(services, (store) => store.query(unwrap(parseQuery(query)), signal)),
    }),
    route({
      method: "get",
      path: "/api/v1/dimensions/{dimension}",
      access: "authenticated",
      summary: "List the values of a dimension, most requests first",
      query: [
        ...scopeParameters,
        { name: "search", description: "Part of the value, matched literally." },
        { name: "limit", description: "Maximum number of values, up to 200. Default: 50." },
      ],
      response: dimensionValues,
      run: ({ query, parameter, signal }) => {
        const scope = unwrap(parseScope(query, ["search", "limit"]));
        const dimension = dimensionOf(parameter("dimension"));
        const limit = limitIn(query, 50, 200);
        const search = query.get("search") ?? undefined;
        return queryStore(services, (store) => store.dimensionValues({ ...scope, dimension, limit, search }, signal));
      },
    }),
    route({
      method: "get",
      path: "/api/v1/nearest",
      access: "authenticated",
      summary: "Find the nearest range of the same length that contains a matching request",
      query: scopeParameters,
      response: nearest,
      run: async ({ query }) => {
        const scope = unwrap(parseScope(query));
        return { range: (await queryStore(services, (store) => store.nearestRange(scope))) ?? null };
      },
    }),
  ];
}

function dimensionOf(text: string): ReturnType<typeof parseDimension> {
  try {
    return parseDimension(text, "dimension");
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new ApiError(404, error.message);
  }
}

export function limitIn(query: URLSearchParams, usual: number, most: number): number {
  const text = query.get("limit");
  if (text === null) return usual;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= most) return limit;
  throw new ApiError(400, "The query is invalid.", [{ where: "limit", message: `must be a number from 1 to ${most}` }]);
}
