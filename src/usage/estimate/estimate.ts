import type { UsageReading, Usage } from "../../core/usage/usage.ts";
import type { UsageVerdict } from "../observe/usage-state.ts";

/** About as many tokens of text as passed; `undefined` where it was not all seen. */
export interface TextSeen {
  /** Asked only where no counter came: measuring text costs more than reading a counter. */
  readonly input: () => number | undefined;
  readonly output: () => number | undefined;
}

type Estimates = Pick<UsageReading, "source" | "estimatedInputTokens" | "estimatedOutputTokens">;

/** What stands in for counters that never came: only where the call may have used something, only beside what is known. */
export function estimated(verdict: UsageVerdict, usage: Usage | undefined, seen: TextSeen): Estimates {
  const { source, state, reason } = verdict;
  const isOpen = state === "missing" || state === "aborted" || state === "partial";
  // A queued answer has used nothing yet, and its usage is still to come.
  if (!isOpen || reason === "pending") return { source };

  const input = usage?.inputTokens === undefined ? seen.input() : undefined;
  const output = usage?.outputTokens === undefined ? seen.output() : undefined;
  const isAlone = source === "none" && (input !== undefined || output !== undefined);
  return { source: isAlone ? "estimate" : source, estimatedInputTokens: input, estimatedOutputTokens: output };
}
