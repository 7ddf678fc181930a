import type { UpstreamFault } from "./rejection.ts";

/** How a forwarded exchange ended. */
export type Outcome =
  | { readonly kind: "complete" }
  | { readonly kind: "client-aborted" }
  /** A body of undeclared length outgrew the limit while it passed. */
  | { readonly kind: "body-too-large" }
  | { readonly kind: "shutdown" }
  /** Its thread or its process ended under it. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "upstream"; readonly fault: UpstreamFault };
