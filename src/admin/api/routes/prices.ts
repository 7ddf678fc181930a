import * as z from "zod";
import { parseScope } from "../../../store/query/query-text.ts";
import type { PriceOverride, PriceRow, UnpricedModel } from "../contract.ts";
import { named, route, type Route } from "../../server/api-route.ts";
import { queryStore, unwrap, scopeParameters } from "./query-parameters.ts";
import type { AdminServices } from "../admin-services.ts";

const amount = z.number().nullable();
const priceRow: z.ZodType<PriceRow> = named(
  "Price",
  z.object({
    provider: z.string(),
    model: z.string(),
    source: z.enum(["override", "table"]),
    input: amount,
    cacheRead: amount,
    cacheWrite: amount,
    output: amount,
    asOf: z.string(),
  }),
);
const unpriced: z.ZodType<UnpricedModel> = named(
  "UnpricedModel",
  z.object({ provider: z.string(), model: z.string(), requests: z.number(), tokens: z.number() }),
);
const dollars = z.number().min(0).max(1_000_000);
const override = named(
  "PriceOverride",
  z.strictObject({ input: dollars, output: dollars, cacheRead: dollars.optional(), cacheWrite: dollars.optional() }),
);

/** Prices in US dollars for a million tokens. */
export function priceRoutes(services: AdminServices): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/prices",
      access: "authenticated",
      summary: "List the prices of all models of the configured providers",
      query: [
        { name: "provider", description: "Only this provider." },
        { name: "search", description: "Part of the model's name." },
      ],
      response: z.array(priceRow),
      run: async ({ query }) => {
        const search = query.get("search")?.toLowerCase() ?? "";
        const rows = await services.prices.list(query.get("provider") ?? undefined);
        return rows.filter(({ model }) => model.toLowerCase().includes(search));
      },
    }),
    route({
      method: "get",
      path: "/api/v1/prices/unpriced",
      access: "authenticated",
      summary: "Models in use without a price, most tokens first",
      query: scopeParameters,
      response: z.array(unpriced),
      run: ({ query }) => queryStore(services, (store) => store.unpricedModels(unwrap(parseScope(query)))),
    }),
    route({
      method: "put",
      path: "/api/v1/prices/overrides/{provider}/{model}",
      access: "authenticated",
      summary: "Set your own price for a model. It applies to requests from now on",
      body: override,
      response: z.array(priceRow),
      run: async ({ parameter, body, identity }) => {
        const [provider, model] = [parameter("provider"), parameter("model")];
        await services.prices.override(provider, model, body as PriceOverride);
        await services.audit.note(identity, {
          action: "price.overridden",
          target: `${provider}/${model}`,
          details: body,
        });
        return services.prices.list(provider);
      },
    }),
    route({
      method: "delete",
      path: "/api/v1/prices/overrides/{provider}/{model}",
      access: "authenticated",
      summary: "Remove your own price for a model",
      response: z.array(priceRow),
      run: async ({ parameter, identity }) => {
        const [provider, model] = [parameter("provider"), parameter("model")];
        await services.prices.override(provider, model, undefined);
        await services.audit.note(identity, { action: "price.restored", target: `${provider}/${model}` });
        return services.prices.list(provider);
      },
    }),
  ];
}
