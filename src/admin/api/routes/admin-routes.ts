import type { SignIn } from "../../server/admin-options.ts";
import type { Route } from "../../server/api-route.ts";
import { openApiRoute } from "../openapi.ts";
import { requestRoutes } from "./requests.ts";
import type { AdminServices } from "../admin-services.ts";
import { exportRoutes } from "./export.ts";
import { keyRoutes } from "./keys.ts";
import { maintenanceRoutes, operationRoutes } from "./operation.ts";
import { priceRoutes } from "./prices.ts";
import { sessionRoutes } from "./session.ts";
import { systemRoutes } from "./system.ts";
import { usageRoutes } from "./usage.ts";

/** The table of every route of the admin listener; the pages of the dashboard are not routes. */
export function adminRoutes(services: AdminServices, signIn: SignIn): readonly Route[] {
  const routes = [
    ...operationRoutes(services),
    ...maintenanceRoutes(services),
    ...sessionRoutes(signIn),
    ...usageRoutes(services),
    ...requestRoutes(services),
    ...exportRoutes(services),
    ...keyRoutes(services),
    ...priceRoutes(services),
    ...systemRoutes(services),
  ];
  return [...routes, openApiRoute(routes)];
}
