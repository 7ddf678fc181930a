import { hideUserinfo } from "./upstream-url.ts";

/** Describes a value for an error message, in one line and without secrets. */
export function describeFound(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return "a section";
  if (value === "") return "an empty text";
  if (looksSecret(value)) return "what looks like a key";
  const shown = hideUserinfo(value);
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown);
}

/** True for texts that look like a key: operators paste keys into the wrong line, and the message goes to a log. */
function looksSecret(text: string): boolean {
  return /^(?:sk-|gsk_|xai-|AIza|ya29\.|eyJ|Bearer )/.test(text) || /^[A-Za-z0-9_-]{32,}$/.test(text);
}
