import type { JSX } from "preact";
import { Icon } from "./icon.tsx";

type Mood = "good" | "warning" | "bad" | "neutral";

/** A state as text with a sign, so that color is not the only cue. */
export function Badge({ mood, children }: { readonly mood: Mood; readonly children: string }): JSX.Element {
  return (
    <span class={`badge ${mood}`}>
      {mood === "good" && <Icon name="check" size={12} />}
      {(mood === "warning" || mood === "bad") && <Icon name="errors" size={12} />}
      {children}
    </span>
  );
}

/** An HTTP status; `null` means that the provider never responded. */
export function Status({
  status,
  error,
}: {
  readonly status: number | null;
  readonly error: string | null;
}): JSX.Element {
  const mood: Mood =
    status === null || status >= 500 ? "bad" : status >= 400 ? "warning" : error === null ? "good" : "warning";
  return (
    <span class="status" title={error ?? undefined}>
      <Badge mood={mood}>{status === null ? "no response" : String(status)}</Badge>
    </span>
  );
}
