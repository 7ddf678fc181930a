import type { UpstreamFault } from "./refusal.ts";

/** How a forwarded exchange ended. */
export type Outcome =
  | { readonly kind: "complete" }
  | { readonly kind: "client-aborted" }
  | { readonly kind: "shutdown" }
  | { readonly kind: "upstream"; readonly fault: UpstreamFault };
