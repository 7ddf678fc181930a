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
/** Its members are told in the user guide; they are those of what LMGate is made of. */
export const proxyStatus = named("Status", z.looseObject({}) as unknown as z.ZodType<ProxyStatus>); // a document of our own
const reloaded = z.object({ keys: z.number(), version: z.number(), acknowledgedBy: z.number() });

/** What whoever runs LMGate needs to know: whether it is well. */
export function operationRoutes(services: AdminServices): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/",
      access: "public",
      summary: "What this is; browsers are sent to the dashboard",
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
      summary: "ok, while the process answers",
      response: "text/plain",
      run: () => new Response("ok", { headers: { "content-type": "text/plain; charset=UTF-8" } }),
    }),
    route({
      method: "get",
      path: "/metrics",
      access: "loopback",
      summary: "Prometheus metrics; without token or session, no owners and models",
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
      summary: "How the gateway is doing",
      response: proxyStatus,
      run: () => services.status(),
    }),
  ];
}

/** To make the gateway do something. */
export function maintenanceRoutes(services: AdminServices): readonly Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/ledger/rotate",
      access: "authenticated",
      summary: "Close the stats file that is written now",
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
      summary: "Read the allow-list again; answered once every data thread goes by it",
      response: reloaded,
      run: async ({ identity }) => {
        const { version, acknowledgedBy, error } = await services.reloadAllowlist();
        const details = { version, ...(error === undefined ? {} : { error }) };
        await services.audit.note(identity, { action: "allowlist.reloaded", target: "allow-list", details });
        if (error === undefined) return { keys: services.status().allowlist.keys, version, acknowledgedBy };
        throw new ApiError(409, "The file is not valid; the last good list stays in force.", [
          { where: "allow-list", message: error },
        ]);
      },
    }),
  ];
}
