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
  }) as unknown as z.ZodType<RequestRow>, // its closed sets are told in docs/record.schema.json
);
const page: z.ZodType<RequestsPage> = named(
  "Calls",
  z.object({ rows: z.array(requestRow), cursor: z.string().nullable() }),
);

const DEFAULT_RATE = 50;
const MAX_RATE = 500;

/** Single calls: listed, looked up, and as they end. */
export function requestRoutes(services: AdminServices): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/requests",
      access: "authenticated",
      summary: "Calls, newest first, a page at a time",
      query: [
        ...scopeParameters,
        { name: "order", description: "newest, or slowest: those that took longest, one page. Default: newest." },
        { name: "limit", description: "Calls on a page, up to 500. Default: 100." },
        { name: "cursor", description: "Of the page before." },
      ],
      response: page,
      run: ({ query, signal }) => {
        const scope = unwrap(parseScope(query, ["order", "limit", "cursor"]));
        const cursor = query.get("cursor") ?? undefined;
        const wanted = { ...scope, sort: orderIn(query.get("order")), limit: limitIn(query, 100, 500), cursor };
        return queryStore(services, (store) => store.listRequests(wanted, signal));
      },
    }),
    route({
      method: "get",
      path: "/api/v1/requests/stream",
      access: "authenticated",
      summary: "Calls as they end: events `call` (a Call), `skipped` (more a second than the rate) and `alive`",
      query: [
        ...scopeParameters.filter(({ name }) => name === "filter" || name === "tz"),
        { name: "rate", description: `At most so many a second, up to ${MAX_RATE}. Default: ${DEFAULT_RATE}.` },
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
      summary: "One call, with all that its record says",
      response: z.looseObject({ id: z.string() }),
      run: async ({ parameter }) => {
        const found = await queryStore(services, (store) => store.findRequest(parameter("id")));
        if (found === undefined) throw new ApiError(404, "No call has this id. It may have been pruned.");
        return found;
      },
    }),
  ];
}

function orderIn(text: string | null): RequestOrder {
  if (text === null || text === "newest" || text === "slowest") return text ?? "newest";
  throw new ApiError(400, "There is no such order.", [{ where: "order", message: "allowed are newest and slowest" }]);
}

/** What ends now has no other time. */
function rejectTimes(query: URLSearchParams): void {
  const times = ["from", "to"].filter((name) => query.has(name));
  if (times.length === 0) return;
  const errors = times.map((where) => ({ where, message: "a stream is of calls that end now" }));
  throw new ApiError(400, "The question cannot be answered as it stands.", errors);
}

function rateIn(text: string | null): number {
  const rate = text === null ? DEFAULT_RATE : /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (rate >= 1 && rate <= MAX_RATE) return rate;
  throw new ApiError(400, "The rate is out of range.", [{ where: "rate", message: `allowed are 1 to ${MAX_RATE}` }]);
}
