/** What a provider says is left of its limits, by what the limit is on. */
export type Headroom = Readonly<Partial<Record<HeadroomKind, number>>>;

export type HeadroomKind = "requests" | "tokens" | "input_tokens" | "output_tokens";

/** As OpenAI and those like it, and Anthropic, name them. */
const NAMES: ReadonlyMap<string, HeadroomKind> = new Map([
  ["x-ratelimit-remaining-requests", "requests"],
  ["x-ratelimit-remaining-tokens", "tokens"],
  ["anthropic-ratelimit-requests-remaining", "requests"],
  ["anthropic-ratelimit-tokens-remaining", "tokens"],
  ["anthropic-ratelimit-input-tokens-remaining", "input_tokens"],
  ["anthropic-ratelimit-output-tokens-remaining", "output_tokens"],
]);

/** Reads a response's fields; their names are in lower case. */
export function headroomIn(fields: readonly { readonly name: string; readonly value: string }[]): Headroom {
  const headroom: Partial<Record<HeadroomKind, number>> = {};
  for (const { name, value } of fields) {
    const kind = NAMES.get(name);
    if (kind !== undefined && /^\d{1,15}$/.test(value)) headroom[kind] = Number(value);
  }
  return headroom;
}
