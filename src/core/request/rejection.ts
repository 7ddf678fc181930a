/** Why LMGate responded to a request itself, before or instead of the provider. */
export type Rejection =
  | { readonly kind: "malformed"; readonly detail: string; readonly spoken?: SpokenProtocol | undefined }
  | { readonly kind: "head-too-large"; readonly detail: string }
  | { readonly kind: "version"; readonly detail: string }
  | { readonly kind: "method"; readonly method: string }
  | { readonly kind: "forbidden"; readonly reason: ForbiddenReason }
  | { readonly kind: "unknown-route"; readonly prefixes: readonly string[]; readonly suggestion: string | undefined }
  | { readonly kind: "body-too-large"; readonly maxBytes: number }
  | { readonly kind: "expectation"; readonly value: string }
  | { readonly kind: "draining" }
  | { readonly kind: "upstream"; readonly fault: UpstreamFault };

/** What a client spoke instead of plain HTTP/1. */
export type SpokenProtocol = "tls" | "http2";

/** The client always receives the same 403; only the operator sees the reason. */
export type ForbiddenReason = "no_key" | "unknown_key" | "expired" | "mixed_keys";

/** An error between LMGate and the provider, named as in the record's `error_type`. */
export type UpstreamFault = "upstream_unreachable" | "upstream_timeout" | "upstream_reset" | "upstream_invalid";
