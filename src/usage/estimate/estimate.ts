import type { UsageReading, Usage } from "../../core/usage/usage.ts";

/** The approximate number of text tokens; `undefined` if not all of the text was seen. */
export interface TextTokens {
  /** Functions, because counting text costs more than reading a counter and is needed only if there is no counter. */
  readonly input: () => number | undefined;
  readonly output: () => number | undefined;
}

type Estimates = Pick<UsageReading, "source" | "estimatedInputTokens" | "estimatedOutputTokens">;

/** Estimates the missing counters, only if the request may have used tokens. Known counters are never replaced. */
export function estimated(
  reading: Pick<UsageReading, "source" | "state" | "reason">,
  usage: Usage | undefined,
  text: TextTokens,
): Estimates {
  const { source, state, reason } = reading;
  const isOpen = state === "missing" || state === "aborted" || state === "partial";
  // A queued response has used nothing yet, and its usage will follow.
  if (!isOpen || reason === "pending") return { source };

  const input = usage?.inputTokens === undefined ? text.input() : undefined;
  const output = usage?.outputTokens === undefined ? text.output() : undefined;
  const isAlone = source === "none" && (input !== undefined || output !== undefined);
  return { source: isAlone ? "estimate" : source, estimatedInputTokens: input, estimatedOutputTokens: output };
}
