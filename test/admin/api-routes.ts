/** The admin API's table of routes, without a gateway behind it. */
import { Authenticator } from "../../src/admin/server/authenticator.ts";
import { Metrics } from "../../src/admin/metrics/prometheus-metrics.ts";
import { openApiDocument } from "../../src/admin/api/openapi.ts";
import type { Route } from "../../src/admin/server/api-route.ts";
import { adminRoutes } from "../../src/admin/api/routes/admin-routes.ts";
import { Sessions } from "../../src/admin/server/sessions.ts";
import { emptyServices, token } from "./start.ts";

export function allRoutes(): readonly Route[] {
  const now = (): number => 0;
  const sessions = new Sessions(now);
  const onGuessing = (): void => undefined;
  const authenticator = new Authenticator({
    token,
    sessions,
    boundHost: "127.0.0.1",
    onLoopback: true,
    now,
    onGuessing,
  });
  const metrics = new Metrics({ version: "1", node: "v24", providers: [] });
  return adminRoutes(emptyServices(metrics), { authenticator, sessions, sessionCookie: "session" });
}

/** As docs/openapi.json holds it. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(allRoutes().slice(0, -1)), undefined, 2)}\n`;
}
