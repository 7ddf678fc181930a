import { hideUserinfo } from "./upstream-url.ts";

/** What was found where something else is allowed, short enough for one line and without anything secret. */
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

/** People paste keys into the wrong line; the message about it goes to a log. */
function looksSecret(text: string): boolean {
  return /^(?:sk-|gsk_|xai-|AIza|ya29\.|eyJ|Bearer )/.test(text) || /^[A-Za-z0-9_-]{32,}$/.test(text);
}
