/** When a client leaves, its request is canceled, or the response is read to its end to learn its usage. */
export type OnClientAbort = "cancel" | "drain";

/** One provider that this gateway forwards to. */
export interface Provider {
  /** Also the path prefix: `openai` serves `/openai/…`. */
  readonly name: string;
  readonly upstream: Upstream;
  /** The provider does not include reasoning tokens in its output counter (the gap rule may add them). */
  readonly exclusiveReasoning: boolean;
  readonly onClientAbort: OnClientAbort;
}

export interface Upstream {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** Prepended to the rest of the request path; no trailing slash; empty for none. */
  readonly pathPrefix: string;
  /** Value of the `Host` header: includes the port unless it is the scheme's default. */
  readonly authority: string;
}
