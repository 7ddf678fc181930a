import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { AdminOptions } from "./admin-options.ts";
import { Authenticator } from "./authenticator.ts";
import { isLoopbackAddress } from "./host-header.ts";
import { openApiRoute } from "../api/openapi.ts";
import { buildRouter } from "./router.ts";
import { adminRoutes } from "../api/routes/index.ts";
import { Sessions } from "./sessions.ts";
import { findPage } from "./static-files.ts";

export type NodeListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Everything the admin port answers with. */
export function adminPages(
  options: AdminOptions,
  bound: { readonly address: string; readonly port: number },
): NodeListener {
  const now = options.now ?? (() => performance.now());
  const sessions = new Sessions(now);
  const gatekeeper = new Authenticator({
    token: options.token,
    sessions,
    boundHost: options.host,
    onLoopback: isLoopbackAddress(bound.address),
    now,
    guessing: (client) => options.log.warn({ client }, "wrong admin tokens from this address; slowing it down"),
  });
  // Cookies know no ports, and there may be two gateways on a machine.
  const sessionCookie = `lmgate_session_${bound.port}`;
  const routes = adminRoutes(options, { gatekeeper, sessions, sessionCookie });
  const router = buildRouter({
    routes: [...routes, openApiRoute(routes)],
    gatekeeper,
    sessionCookie,
    pages: findPage,
    failed: (error) => options.log.error({ err: error }, "admin request failed"),
  });
  return getRequestListener(router.fetch, { overrideGlobalObjects: false });
}
