import type { UpstreamFault } from "./rejection.ts";
import type { UpstreamErrorCode } from "./upstream-error-code.ts";

/** How a forwarded exchange ended. */
export type Outcome =
  | { readonly kind: "complete" }
  /**
   * The client left. `drain`: LMGate went on reading the response for its usage, to its end or until the provider
   * cut it.
   */
  | { readonly kind: "client-aborted"; readonly drain?: "complete" | "cut" | undefined }
  /** A body without a declared length exceeded the limit while it was forwarded. */
  | { readonly kind: "body-too-large" }
  | { readonly kind: "shutdown" }
  /** The worker or the process ended before the exchange did. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "upstream"; readonly fault: UpstreamFault; readonly code?: UpstreamErrorCode | undefined };
