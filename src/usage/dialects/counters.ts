import type { Usage } from "../../core/usage/usage.ts";
import { amountAt, countAt, type Fields, fieldsAt, isFields, member } from "../json/fields.ts";

/** Maps the counters of one object to plain names: `{"text_tokens":80}` with suffix `_tokens` → `{text: 80}`. */
export function countsBySuffix(fields: Fields | undefined, suffix: string): Record<string, number> | undefined {
  if (fields === undefined) return undefined;
  const counts: Record<string, number> = {};
  let any = false;
  for (const key of Object.keys(fields)) {
    const name = key.slice(0, -suffix.length);
    if (!key.endsWith(suffix) || !PLAIN_NAME.test(name)) continue;
    const count = countAt(fields, key);
    if (count === undefined) continue;
    counts[name] = count;
    any = true;
  }
  return any ? counts : undefined;
}

/** Tokens by modality from a details object; `undefined` if all are zero. */
export function modalitiesOf(details: Fields | undefined): Record<string, number> | undefined {
  if (details === undefined) return undefined;
  const counts: Record<string, number> = {};
  let sum = 0;
  for (const [name, key] of MODALITIES) {
    const count = countAt(details, key);
    if (count === undefined) continue;
    counts[name] = count;
    sum += count;
  }
  return sum > 0 ? counts : undefined;
}

/** The cost of the request as the provider states it, in US dollars. */
export function statedCost(usage: Fields): number | undefined {
  const ticks = countAt(usage, "cost_in_usd_ticks");
  if (ticks !== undefined) return ticks / 1e10;
  return amountAt(usage, "cost") ?? amountAt(fieldsAt(usage, "cost"), "total_cost");
}

/** Lower-case and short. Records take over no other names chosen by vendors. */
export const PLAIN_NAME = /^[a-z0-9][a-z0-9_]{0,39}$/;

/** The provider's usage object as sent, for the record; `undefined` if it is too large. */
export function rawUsage(usage: Fields | undefined): unknown {
  return usage !== undefined && remainingBudget(usage, MAX_RAW) >= 0 ? usage : undefined;
}

/** Returns the budget minus the approximate length of the value as JSON; negative if it does not fit. */
function remainingBudget(value: unknown, budget: number): number {
  if (typeof value === "string") return budget - value.length - 2;
  if (typeof value !== "object" || value === null) return budget - 8;
  let left = budget - 2;
  if (Array.isArray(value)) {
    for (const element of value) {
      left = remainingBudget(element, left - 1);
      if (left < 0) return left;
    }
  } else if (isFields(value)) {
    for (const key of Object.keys(value)) {
      left = remainingBudget(member(value, key), left - key.length - 4);
      if (left < 0) return left;
    }
  }
  return left;
}

/** For providers whose two counters include cached input and reasoning. */
export function inclusiveTotals(inputTokens: number | undefined, outputTokens: number | undefined): Usage {
  return {
    inputTokens,
    outputTokens,
    totalInputTokens: inputTokens,
    totalOutputTokens: outputTokens,
    totalTokens: sumOfBoth(inputTokens, outputTokens),
  };
}

/** For providers whose input counter excludes tokens read from and written to a cache. */
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

/** Unknown if either is unknown. */
export function sumOfBoth(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/** Unknown only if both are unknown. */
export function sumOfKnown(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : a + (b ?? 0);
}

const MAX_RAW = 4096;
const MODALITIES = [
  ["text", "text_tokens"],
  ["audio", "audio_tokens"],
  ["image", "image_tokens"],
  ["video", "video_tokens"],
] as const;
