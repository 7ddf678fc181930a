/** Everything that a request consumed. `undefined` means unknown, never zero. */
export interface Usage {
  /** The provider's own two counters, unmodified. */
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  /** Computed: includes cached, cache-write and tool-use input. */
  totalInputTokens?: number | undefined;
  /** Computed: includes reasoning. */
  totalOutputTokens?: number | undefined;
  totalTokens?: number | undefined;
  cachedInputTokens?: number | undefined;
  cacheWriteTokens?: number | undefined;
  cacheWriteByTtl?: Readonly<Record<string, number>> | undefined;
  reasoningTokens?: number | undefined;
  toolInputTokens?: number | undefined;
  /** Part of the provider's total that cannot be assigned to input or output. */
  unattributedTokens?: number | undefined;
  inputByModality?: Readonly<Record<string, number>> | undefined;
  outputByModality?: Readonly<Record<string, number>> | undefined;
  cachedByModality?: Readonly<Record<string, number>> | undefined;
  predictionAcceptedTokens?: number | undefined;
  predictionRejectedTokens?: number | undefined;
  audioSeconds?: number | undefined;
  pages?: number | undefined;
  images?: number | undefined;
  searchUnits?: number | undefined;
  toolCalls?: Readonly<Record<string, number>> | undefined;
  serviceTier?: string | undefined;
  speed?: string | undefined;
  inferenceGeo?: string | undefined;
  trafficType?: string | undefined;
  providerCostUsd?: number | undefined;
  /** Further billed items with a model of their own (SVG usage, compaction, advisor work). */
  extraItems?: readonly ExtraItem[] | undefined;
  /** The provider's usage object as it was sent, capped. */
  raw?: unknown;
}

export interface ExtraItem extends Usage {
  readonly kind: string;
  readonly model?: string | undefined;
}

export type UsageSource = "body" | "stream" | "header" | "websocket" | "estimate" | "none";

export type UsageState = "final" | "partial" | "aborted" | "replay" | "missing" | "not_applicable";

/** The usage as an observer read it from one exchange. */
export interface UsageReading {
  /** The dialect that read it; `none` where no usage is expected. */
  readonly dialect: string;
  readonly operation: string;
  readonly stream: boolean | undefined;
  readonly requestModel: string | undefined;
  readonly responseModel: string | undefined;
  /** Deployment or endpoint name from the path, where it is not a model name. */
  readonly deployment: string | undefined;
  readonly responseId: string | undefined;
  readonly usage: Usage | undefined;
  /** LMGate's own estimates, only where the provider gave no counter. */
  readonly estimatedInputTokens?: number | undefined;
  readonly estimatedOutputTokens?: number | undefined;
  readonly source: UsageSource;
  readonly state: UsageState;
  readonly reason: string | undefined;
  /** The provider's own error type or code, from the body. */
  readonly errorType: string | undefined;
  /** When the first frame with content arrived, on the observer's clock; streams only. */
  readonly firstContentAt: number | undefined;
}

/** Where a cost comes from. The first source that knows one wins: the provider, the operator's prices, the price table. */
export type CostSource = "provider" | "override" | "table" | "none";
