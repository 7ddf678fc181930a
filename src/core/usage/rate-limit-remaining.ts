/** What a provider says is left of its limits, by what the limit is on. */
export type RateLimitRemaining = Readonly<Partial<Record<RateLimitKind, number>>>;

export type RateLimitKind = "requests" | "tokens" | "input_tokens" | "output_tokens";

/** As OpenAI and those like it, and Anthropic, name them. */
const NAMES: ReadonlyMap<string, RateLimitKind> = new Map([
  ["x-ratelimit-remaining-requests", "requests"],
  ["x-ratelimit-remaining-tokens", "tokens"],
  ["anthropic-ratelimit-requests-remaining", "requests"],
  ["anthropic-ratelimit-tokens-remaining", "tokens"],
  ["anthropic-ratelimit-input-tokens-remaining", "input_tokens"],
  ["anthropic-ratelimit-output-tokens-remaining", "output_tokens"],
]);

/** Reads a response's fields; their names are in lower case. */
export function rateLimitRemainingIn(
  fields: readonly { readonly name: string; readonly value: string }[],
): RateLimitRemaining {
  const headroom: Partial<Record<RateLimitKind, number>> = {};
  for (const { name, value } of fields) {
    const kind = NAMES.get(name);
    if (kind !== undefined && /^\d{1,15}$/.test(value)) headroom[kind] = Number(value);
  }
  return headroom;
}
