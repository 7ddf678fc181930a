import * as z from "zod";
import { requestsIn } from "../../../store/query/plan-query.ts";
import { parseScope } from "../../../store/query/query-text.ts";
import type { RequestOrder } from "../../../store/schema/reader.ts";
import type { RequestRow, RequestsPage } from "../contract.ts";
import { eventStream } from "../../server/sse-response.ts";
import { ApiError } from "../../server/problem.ts";
import { named, route, type Route } from "../../server/api-route.ts";
import { checked, queryStore, unwrap, scopeParameters } from "./query-parameters.ts";
import type { AdminServices } from "../admin-services.ts";
import { limitIn } from "./usage.ts";

const text = z.string().nullable();
const count = z.number().optional();
const requestRow: z.ZodType<RequestRow> = named(
  "Call",
  z.looseObject({
    id: z.string(),
    timestamp: z.string(),
    lmgate_id: text,
    owner: z.string().optional(),
    provider: z.string(),
    model: text,
    endpoint: z.string(),
    operation: z.string().optional(),
    method: z.string().optional(),
    status: z.number().nullable(),
    error_type: text,
    error_code: z.string().optional(),
    stream: z.boolean().optional(),
    duration_ms: count,
    ttft_ms: count,
    total_input_tokens: count,
    total_output_tokens: count,
    total_tokens: count,
    cost_usd: z.number().nullable().optional(),
    cost_source: z.enum(["provider", "override", "table", "none"]).optional(),
    usage_state: z.string().optional(),
    usage_reason: z.string().optional(),
    masked_key: z.string(),
    client_app: z.string(),
  }) as unknown as z.ZodType<RequestRow>, // as: docs/record.schema.json defines its closed sets
);
const page: z.ZodType<RequestsPage> = named(
  "Calls",
  z.object({ rows: z.array(requestRow), cursor: z.string().nullable() }),
);

const DEFAULT_RATE = 50;
const MAX_RATE = 500;

/** Single requests: listed, looked up, and streamed as they end. */
export function requestRoutes(services: AdminServices): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/requests",
      access: "authenticated",
      summary: "List requests, newest first, in pages",
      query: [
        ...scopeParameters,
        {
          name: "order",
          description: "newest (default), or slowest for one page of the requests with the longest duration.",
        },
        { name: "limit", description: "Requests on a page, up to 500. Default: 100." },
        { name: "cursor", description: "Cursor of the previous page." },
      ],
      response: page,
      run: ({ query, signal }) => {
        const scope = unwrap(parseScope(query, ["order", "limit", "cursor"]));
        const cursor = query.get("cursor") ?? undefined;
        const listQuery = { ...scope, sort: orderIn(query.get("order")), limit: limitIn(query, 100, 500), cursor };
        return queryStore(services, (store) => store.listRequests(listQuery, signal));
      },
    }),
    route({
      method: "get",
      path: "/api/v1/requests/stream",
      access: "authenticated",
      summary:
        "Stream requests as they end, as events: `call` (schema Call), `skipped` (number of requests left out because of the rate) and `alive`",
      query: [
        ...scopeParameters.filter(({ name }) => name === "filter" || name === "tz"),
        {
          name: "rate",
          description: `Maximum number of requests per second, up to ${MAX_RATE}. Default: ${DEFAULT_RATE}.`,
        },
      ],
      response: "text/event-stream",
      run: ({ query, signal }) => {
        const scope = unwrap(parseScope(query, ["rate"]));
        rejectTimes(query);
        const { zone, filters } = checked(() => requestsIn(scope, Date.now()));
        const rate = rateIn(query.get("rate"));
        return eventStream(signal, (send) => services.liveRequests.listen({ filters, zone, rate }, send));
      },
    }),
    route({
      method: "get",
      path: "/api/v1/requests/{id}",
      access: "authenticated",
      summary: "Get one request with all fields of its record",
      response: z.looseObject({ id: z.string() }),
      run: async ({ parameter }) => {
        const found = await queryStore(services, (store) => store.findRequest(parameter("id")));
        if (found === undefined) throw new ApiError(404, "No request has this id. Its record may have been pruned.");
        return found;
      },
    }),
  ];
}

function orderIn(text: string | null): RequestOrder {
  if (text === null || text === "newest" || text === "slowest") return text ?? "newest";
  throw new ApiError(400, "The query is invalid.", [{ where: "order", message: "must be newest or slowest" }]);
}

/** A stream has no time range: it contains the requests that end from now on. */
function rejectTimes(query: URLSearchParams): void {
  const times = ["from", "to"].filter((name) => query.has(name));
  if (times.length === 0) return;
  const errors = times.map((where) => ({ where, message: "not allowed for a stream, which starts now" }));
  throw new ApiError(400, "The query is invalid.", errors);
}

function rateIn(text: string | null): number {
  const rate = text === null ? DEFAULT_RATE : /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (rate >= 1 && rate <= MAX_RATE) return rate;
  throw new ApiError(400, "The query is invalid.", [
    { where: "rate", message: `must be a number from 1 to ${MAX_RATE}` },
  ]);
}
