import * as z from "zod";
import type { ProxyStatus } from "../../../core/counters/status.ts";
import { ApiError } from "../../server/problem.ts";
import { named, route, type Route } from "../../server/api-route.ts";
import type { AdminServices } from "../admin-services.ts";

named(
  "Problem",
  z.object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    errors: z.array(z.object({ where: z.string(), message: z.string() })).optional(),
  }),
);
/** The user guide describes its members. */
export const proxyStatus = named("Status", z.looseObject({}) as unknown as z.ZodType<ProxyStatus>); // as: LMGate writes this document itself
const reloaded = z.object({ keys: z.number(), version: z.number(), acknowledgedBy: z.number() });

/** Health, metrics and status, for monitoring. */
export function operationRoutes(services: AdminServices): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/",
      access: "public",
      summary: "Name of the service. Browsers are redirected to the dashboard",
      response: z.object({ name: z.string(), dashboard: z.string(), api: z.string() }),
      run: ({ acceptsHtml }) =>
        acceptsHtml
          ? new Response(null, { status: 302, headers: { location: "/ui/" } })
          : { name: "lmgate admin", dashboard: "/ui/", api: "/openapi.json" },
    }),
    route({
      method: "get",
      path: "/healthz",
      access: "public",
      summary: "Liveness: ok while the process responds",
      response: "text/plain",
      run: () => new Response("ok", { headers: { "content-type": "text/plain; charset=UTF-8" } }),
    }),
    route({
      method: "get",
      path: "/metrics",
      access: "loopback",
      summary: "Prometheus metrics. Without a token or session, owners and models are left out",
      response: "text/plain",
      run: async ({ isAuthenticated }) => {
        const { metrics } = services;
        const text = await (isAuthenticated ? metrics.text() : metrics.redactedMetrics());
        return new Response(text, { headers: { "content-type": metrics.contentType } });
      },
    }),
    route({
      method: "get",
      path: "/api/v1/status",
      access: "loopback",
      summary: "Status of the gateway",
      response: proxyStatus,
      run: () => services.status(),
    }),
  ];
}

/** Actions on the running gateway. */
export function maintenanceRoutes(services: AdminServices): readonly Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/ledger/rotate",
      access: "authenticated",
      summary: "Rotate the stats file",
      response: z.object({ segment: z.string().nullable() }),
      run: async ({ identity }) => {
        const segment = (await services.rotateLedger()) ?? null;
        await services.audit.note(identity, { action: "ledger.rotated", target: segment ?? "nothing to close" });
        return { segment };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/reload",
      access: "authenticated",
      summary: "Reload the allow-list. Responds once every data worker uses it",
      response: reloaded,
      run: async ({ identity }) => {
        const { version, acknowledgedBy, error } = await services.reloadAllowlist();
        const details = { version, ...(error === undefined ? {} : { error }) };
        await services.audit.note(identity, { action: "allowlist.reloaded", target: "allow-list", details });
        if (error === undefined) return { keys: services.status().allowlist.keys, version, acknowledgedBy };
        throw new ApiError(409, "The allow-list file is invalid. The last valid list remains in force.", [
          { where: "allow-list", message: error },
        ]);
      },
    }),
  ];
}
