import type { UsageReading, Usage } from "../../core/usage/usage.ts";

/** About as many tokens of text as passed; `undefined` where it was not all seen. */
export interface TextTokens {
  /** Asked only where no counter came: measuring text costs more than reading a counter. */
  readonly input: () => number | undefined;
  readonly output: () => number | undefined;
}

type Estimates = Pick<UsageReading, "source" | "estimatedInputTokens" | "estimatedOutputTokens">;

/** What stands in for counters that never came: only where the call may have used something, only beside what is known. */
export function estimated(
  reading: Pick<UsageReading, "source" | "state" | "reason">,
  usage: Usage | undefined,
  text: TextTokens,
): Estimates {
  const { source, state, reason } = reading;
  const isOpen = state === "missing" || state === "aborted" || state === "partial";
  // A queued answer has used nothing yet, and its usage is still to come.
  if (!isOpen || reason === "pending") return { source };

  const input = usage?.inputTokens === undefined ? text.input() : undefined;
  const output = usage?.outputTokens === undefined ? text.output() : undefined;
  const isAlone = source === "none" && (input !== undefined || output !== undefined);
  return { source: isAlone ? "estimate" : source, estimatedInputTokens: input, estimatedOutputTokens: output };
}
