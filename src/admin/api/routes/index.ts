import type { Route } from "../api-route.ts";
import { requestRoutes } from "./requests.ts";
import type { AdminServices } from "../admin-services.ts";
import { exportRoutes } from "./export.ts";
import { keyRoutes } from "./keys.ts";
import { maintenanceRoutes, operationRoutes } from "./operation.ts";
import { priceRoutes } from "./prices.ts";
import { sessionRoutes, type SignIn } from "./session.ts";
import { systemRoutes } from "./system.ts";
import { usageRoutes } from "./usage.ts";

export type { AdminServices } from "../admin-services.ts";

/** The table of all there is below the admin listener's address, the pages left out. */
export function adminRoutes(desk: AdminServices, signIn: SignIn): readonly Route[] {
  return [
    ...operationRoutes(desk),
    ...maintenanceRoutes(desk),
    ...sessionRoutes(signIn),
    ...usageRoutes(desk),
    ...requestRoutes(desk),
    ...exportRoutes(desk),
    ...keyRoutes(desk),
    ...priceRoutes(desk),
    ...systemRoutes(desk),
  ];
}
