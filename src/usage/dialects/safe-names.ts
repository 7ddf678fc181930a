/**
 * Checks names that clients and providers choose and the ledger stores. A key that was sent in place of a model, or
 * that a provider repeats in its error, must not be stored.
 */
export function modelName(value: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  const name = value.length > MAX_MODEL ? value.slice(0, MAX_MODEL) : value;
  return KEY_SHAPED.test(name) ? REDACTED : name;
}

/**
 * An error type is a single token. A sentence is useless in statistics, and a bare number only repeats the status code.
 */
export function errorName(value: unknown): string | undefined {
  if (typeof value !== "string" || !ERROR_TOKEN.test(value)) return undefined;
  return KEY_SHAPED.test(value) ? undefined : value.slice(0, MAX_ERROR);
}

/** Redacts every word of the text that looks like a key. */
export function withoutKeyShapes(text: string): string {
  return KEY_SHAPED.test(text) ? text.replace(KEY_WORDS, `$1${REDACTED}`) : text;
}

export const REDACTED = "[redacted]";
const MAX_MODEL = 256;
const MAX_ERROR = 64;
const ERROR_TOKEN = /^(?!\d+$)[A-Za-z0-9_.:-]{1,256}$/;
const SHAPES =
  /sk-[\w-]{8}|AIza[\w-]{16}|(?:gsk|xai|pplx|csk|tgp|fw|hf|r8)[-_]\w{20}|(?:AKIA|ASIA)[A-Z0-9]{12}|ya29\.|eyJ[\w-]{12}|Bearer\s/
    .source;
const KEY_SHAPED = new RegExp(`(?:^|[^A-Za-z0-9])(?:${SHAPES})`);
const KEY_WORDS = new RegExp(`(^|[^A-Za-z0-9])(?:${SHAPES})[^\\s/,;&]*`, "g");
