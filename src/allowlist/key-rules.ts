import { hash } from "node:crypto";

/** A longer key is a mistake in pasting; no provider issues one. */
const MAX_KEY_LENGTH = 4096;
const MIN_KEY_LENGTH = 8;

/** Texts that programs send when their key is missing. A list that contains one would admit every misconfigured client. */
const NOT_KEYS: ReadonlySet<string> = new Set([
  "undefined",
  "__proto__",
  "constructor",
  "prototype",
  "changeme",
  "change-me",
  "password",
  "your-api-key",
  "your_api_key",
  "your-key-here",
  "[object object]",
]);

/** Why a text cannot be a key of the allow-list; `undefined` if it can. Never quotes the key. */
export function keyIssue(key: string): string | undefined {
  if (key === "") return "empty";
  if (/^sha256:/i.test(key)) {
    return /^sha256:[0-9a-f]{64}$/i.test(key) ? undefined : "sha256: must be followed by 64 hexadecimal digits";
  }
  if (/\s/.test(key)) return "contains a space, a tab or a line break";
  if (!/^[\x21-\x7e]*$/.test(key))
    return "contains a character that is not allowed in a header; use visible ASCII characters";
  if (key.length < MIN_KEY_LENGTH) return `only ${key.length} characters; at least ${MIN_KEY_LENGTH} are needed`;
  if (key.length > MAX_KEY_LENGTH) return `${key.length} characters; at most ${MAX_KEY_LENGTH} are allowed`;
  if (NOT_KEYS.has(key.toLowerCase()) || /^(.)\1*$/.test(key)) return "a placeholder, not a key";
  return undefined;
}

/** SHA-256 of a key, or the digest that the allow-list contains in its place. */
export function keyDigest(key: string): Buffer {
  if (/^sha256:/i.test(key)) return Buffer.from(key.slice("sha256:".length), "hex");
  return hash("sha256", key, "buffer");
}
