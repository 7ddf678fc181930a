import type { Usage } from "../../core/usage/usage.ts";

/** Of a provider whose two counters hold everything: what came from a cache, and what the model thought. */
export function inclusiveTotals(inputTokens: number | undefined, outputTokens: number | undefined): Usage {
  return {
    inputTokens,
    outputTokens,
    totalInputTokens: inputTokens,
    totalOutputTokens: outputTokens,
    totalTokens: sumOfBoth(inputTokens, outputTokens),
  };
}

/** Of a provider whose input counter leaves out what was read from a cache and written to it. */
export function exclusiveTotals(counters: {
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly cachedInputTokens: number | undefined;
  readonly cacheWriteTokens: number | undefined;
}): Usage {
  const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0 } = counters;
  const totalInputTokens = sumOfBoth(inputTokens, cachedInputTokens + cacheWriteTokens);
  return {
    ...counters,
    totalInputTokens,
    totalOutputTokens: outputTokens,
    totalTokens: sumOfBoth(totalInputTokens, outputTokens),
  };
}

/** Unknown where one of them is. */
export function sumOfBoth(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/** Of those that are known. */
export function sumOfKnown(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : a + (b ?? 0);
}
