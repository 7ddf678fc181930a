import * as z from "zod";
import { parseScope } from "../../../store/query/query-text.ts";
import type { PriceOverride, PriceRow, UnpricedModel } from "../contract.ts";
import { named, route, type Route } from "../api-route.ts";
import { fromStore, parsed, scopeParameters } from "./query-parameters.ts";
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

/** Where costs come from: US dollars for a million tokens. */
export function priceRoutes(desk: AdminServices): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/prices",
      access: "closed",
      summary: "Every model that has a price at a configured provider",
      query: [
        { name: "provider", description: "This provider only." },
        { name: "search", description: "Part of the model's name." },
      ],
      answer: z.array(priceRow),
      run: async ({ query }) => {
        const wanted = query.get("search")?.toLowerCase() ?? "";
        const rows = await desk.prices.list(query.get("provider") ?? undefined);
        return rows.filter(({ model }) => model.toLowerCase().includes(wanted));
      },
    }),
    route({
      method: "get",
      path: "/api/v1/prices/unpriced",
      access: "closed",
      summary: "Models that were called and have no price, those with most tokens first",
      query: scopeParameters,
      answer: z.array(unpriced),
      run: ({ query }) => fromStore(desk, (store) => store.unpricedModels(parsed(parseScope(query)))),
    }),
    route({
      method: "put",
      path: "/api/v1/prices/overrides/{provider}/{model}",
      access: "closed",
      summary: "Set a price of one's own; it holds for calls from now on",
      body: override,
      answer: z.array(priceRow),
      run: async ({ parameter, body, visitor }) => {
        const [provider, model] = [parameter("provider"), parameter("model")];
        await desk.prices.override(provider, model, body as PriceOverride);
        await desk.audit.note(visitor, {
          action: "price.overridden",
          target: `${provider}/${model}`,
          details: body,
        });
        return desk.prices.list(provider);
      },
    }),
    route({
      method: "delete",
      path: "/api/v1/prices/overrides/{provider}/{model}",
      access: "closed",
      summary: "Take a price of one's own back",
      answer: z.array(priceRow),
      run: async ({ parameter, visitor }) => {
        const [provider, model] = [parameter("provider"), parameter("model")];
        await desk.prices.override(provider, model, undefined);
        await desk.audit.note(visitor, { action: "price.restored", target: `${provider}/${model}` });
        return desk.prices.list(provider);
      },
    }),
  ];
}
