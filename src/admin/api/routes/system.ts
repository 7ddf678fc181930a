import * as z from "zod";
import type { ProviderInfo, StoreInfo, SystemInfo } from "../contract.ts";
import { named, route, type Route } from "../../server/api-route.ts";
import type { AdminServices } from "../admin-services.ts";
import { proxyStatus } from "./operation.ts";

const storeInfo: z.ZodType<StoreInfo> = named(
  "Store",
  z.object({
    state: z.enum(["asleep", "starting", "ready", "down"]),
    records: z.number(),
    parquetBytes: z.number(),
    ledgerBytes: z.number(),
    segments: z.number(),
    compactedThrough: z.string().nullable(),
    from: z.string().nullable(),
    badLines: z.number(),
    retention: z.object({ days: z.number().nullable(), gigabytes: z.number().nullable() }),
  }),
);
const systemInfo = named(
  "System",
  z.object({
    status: proxyStatus,
    settings: z.array(z.object({ path: z.string(), value: z.string(), source: z.string() })),
    store: storeInfo.nullable(),
    checks: z.array(
      z.object({
        name: z.string(),
        result: z.enum(["ok", "warning", "failure"]),
        detail: z.string(),
        remedy: z.string().optional(),
      }),
    ),
    licenses: z.array(z.object({ name: z.string(), version: z.string(), license: z.string() })),
  }),
);
const provider: z.ZodType<ProviderInfo> = named(
  "Provider",
  z.object({ name: z.string(), baseUrl: z.string(), upstream: z.string() }),
);

/** The gateway itself, for the System and Setup pages. */
export function systemRoutes(services: AdminServices): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/system",
      access: "authenticated",
      summary: "Settings with their sources, the query store, checks and licenses",
      response: systemInfo,
      run: async (): Promise<SystemInfo> => {
        const [about, store] = await Promise.all([services.system(), services.storeInfo()]);
        return { status: services.status(), store: store ?? null, ...about };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/providers",
      access: "authenticated",
      summary: "List the base URLs of the providers at this gateway",
      response: z.array(provider),
      run: () => services.providers(),
    }),
  ];
}
