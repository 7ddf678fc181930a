import type { Route } from "../route.ts";
import { callRoutes } from "./calls.ts";
import type { AdminDesk } from "./desk.ts";
import { exportRoutes } from "./export.ts";
import { keyRoutes } from "./keys.ts";
import { maintenanceRoutes, operationRoutes } from "./operation.ts";
import { priceRoutes } from "./prices.ts";
import { sessionRoutes, type SignIn } from "./session.ts";
import { systemRoutes } from "./system.ts";
import { usageRoutes } from "./usage.ts";

export type { AdminDesk } from "./desk.ts";

/** The table of all there is below the admin listener's address, the pages left out. */
export function adminRoutes(desk: AdminDesk, signIn: SignIn): readonly Route[] {
  return [
    ...operationRoutes(desk),
    ...maintenanceRoutes(desk),
    ...sessionRoutes(signIn),
    ...usageRoutes(desk),
    ...callRoutes(desk),
    ...exportRoutes(desk),
    ...keyRoutes(desk),
    ...priceRoutes(desk),
    ...systemRoutes(desk),
  ];
}
