import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { AdminOptions } from "./admin-options.ts";
import { Authenticator } from "./authenticator.ts";
import { isLoopbackAddress } from "./host-header.ts";
import { buildRouter } from "./router.ts";
import { Sessions } from "./sessions.ts";
import { findPage } from "./static-files.ts";

export type NodeListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Responds to every request at the admin port: the routes, and the pages of the dashboard. */
export async function createAdminHandler(
  options: AdminOptions,
  bound: { readonly address: string; readonly port: number },
): Promise<NodeListener> {
  const now = options.now ?? (() => performance.now());
  const sessions = new Sessions(now);
  const authenticator = new Authenticator({
    token: options.token,
    sessions,
    boundHost: options.host,
    onLoopback: isLoopbackAddress(bound.address),
    now,
    onGuessing: (client) =>
      options.log.warn({ client }, "too many wrong admin tokens from this address; throttling the address"),
  });
  // Browsers send a cookie to every port of a host, and a machine may run two gateways.
  const sessionCookie = `lmgate_session_${bound.port}`;
  const router = buildRouter({
    routes: await options.routes({ authenticator, sessions, sessionCookie }),
    authenticator,
    sessionCookie,
    pages: findPage,
    onError: (error) => options.log.error({ err: error }, "admin request failed"),
  });
  return getRequestListener(router.fetch, { overrideGlobalObjects: false });
}
