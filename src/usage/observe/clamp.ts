import type { Usage } from "../../core/usage/usage.ts";

/** Limits the parts to their totals and reports whether that changed anything: some vendors' estimates exceed them. */
export function clamped(usage: Usage): { readonly usage: Usage; readonly inconsistent: boolean } {
  const { totalInputTokens, totalOutputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  const cached = atMost(cachedInputTokens, totalInputTokens);
  const room = totalInputTokens === undefined ? undefined : totalInputTokens - (cached ?? 0);
  const written = atMost(cacheWriteTokens, room);
  const reasoning = atMost(reasoningTokens, totalOutputTokens);
  const short =
    usage.totalTokens !== undefined && usage.totalTokens < (totalInputTokens ?? 0) + (totalOutputTokens ?? 0);

  const changed = cached !== cachedInputTokens || written !== cacheWriteTokens || reasoning !== reasoningTokens;
  if (!changed) return { usage, inconsistent: short };
  return {
    usage: { ...usage, cachedInputTokens: cached, cacheWriteTokens: written, reasoningTokens: reasoning },
    inconsistent: true,
  };
}

function atMost(part: number | undefined, total: number | undefined): number | undefined {
  return part === undefined || total === undefined || part <= total ? part : total;
}
