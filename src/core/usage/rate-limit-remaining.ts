/** The remainder of a provider's rate limits, by the kind of limit. */
export type RateLimitRemaining = Readonly<Partial<Record<RateLimitKind, number>>>;

export type RateLimitKind = "requests" | "tokens" | "input_tokens" | "output_tokens";

/** The header fields of OpenAI-compatible providers and of Anthropic. */
const NAMES: ReadonlyMap<string, RateLimitKind> = new Map([
  ["x-ratelimit-remaining-requests", "requests"],
  ["x-ratelimit-remaining-tokens", "tokens"],
  ["anthropic-ratelimit-requests-remaining", "requests"],
  ["anthropic-ratelimit-tokens-remaining", "tokens"],
  ["anthropic-ratelimit-input-tokens-remaining", "input_tokens"],
  ["anthropic-ratelimit-output-tokens-remaining", "output_tokens"],
]);

/** Reads the header fields of a response, whose names are in lower case. */
export function rateLimitRemainingIn(
  fields: readonly { readonly name: string; readonly value: string }[],
): RateLimitRemaining {
  const remaining: Partial<Record<RateLimitKind, number>> = {};
  for (const { name, value } of fields) {
    const kind = NAMES.get(name);
    if (kind !== undefined && /^\d{1,15}$/.test(value)) remaining[kind] = Number(value);
  }
  return remaining;
}
