import type { Coverage } from "../../schema/query.ts";
import type { UnpricedModel } from "../../schema/reader.ts";
import { MAX_REASONS, MAX_UNPRICED_MODELS } from "../backend.ts";
import { compareValues } from "../compare-values.ts";
import type { ColumnScan } from "./column-scan.ts";

/** As `coverageInSql`, from columns in memory. */
export function coverageInMemory(scan: ColumnScan): Coverage {
  const requests = scan.sumBySet("requests");
  const byUsage = new Map<string, number>();
  const byReason = new Map<string, number>();
  for (const [at, { usage, usage_reason: reason }] of scan.sets.entries()) {
    const count = requests[at] ?? 0;
    if (count === 0) continue;
    addTo(byUsage, usage ?? "", count);
    if (usage === "missing" || usage === "estimated") addTo(byReason, reason ?? "unknown", count);
  }
  const withUsage = (usage: string): number => byUsage.get(usage) ?? 0;
  const unpriced = unpricedSums(scan);
  const models = new Map<string, number>();
  for (const { model, tokens } of unpriced) addTo(models, model, tokens);
  return {
    requests: sumOf(byUsage.values()),
    withUsage: withUsage("known"),
    estimated: withUsage("estimated"),
    withoutUsage: withUsage("missing"),
    notApplicable: withUsage("not_applicable") + withUsage("replay"),
    unpricedRequests: sumOf(unpriced.map((each) => each.requests)),
    unpricedTokens: sumOf(unpriced.map(({ tokens }) => tokens)),
    unpricedModels: greatestFirst(models, MAX_UNPRICED_MODELS).map(([model]) => model),
    reasons: greatestFirst(byReason, MAX_REASONS).map(([reason, count]) => ({ reason, requests: count })),
  };
}

/** Models that have usage without a price, those with the most tokens first. */
export function unpricedInMemory(scan: ColumnScan, limit: number): readonly UnpricedModel[] {
  const models = new Map<string, { provider: string; model: string; requests: number; tokens: number }>();
  for (const { provider, model, requests, tokens } of unpricedSums(scan)) {
    const key = JSON.stringify([provider, model]);
    const sums = models.get(key) ?? { provider, model, requests: 0, tokens: 0 };
    models.set(key, { ...sums, requests: sums.requests + requests, tokens: sums.tokens + tokens });
  }
  const sorted = [...models.values()].toSorted(
    (one, other) =>
      other.tokens - one.tokens ||
      other.requests - one.requests ||
      compareValues(one.provider, other.provider, 1) ||
      compareValues(one.model, other.model, 1),
  );
  return sorted.slice(0, limit);
}

function unpricedSums(scan: ColumnScan): readonly UnpricedModel[] {
  const [requests, tokens] = [scan.sumBySet("unpriced"), scan.sumBySet("unpriced_tokens")];
  return scan.sets.flatMap(({ provider, model }, at) => {
    const count = requests[at] ?? 0;
    if (count === 0) return [];
    return [{ provider: provider ?? "unknown", model: model ?? "unknown", requests: count, tokens: tokens[at] ?? 0 }];
  });
}

function addTo(sums: Map<string, number>, name: string, count: number): void {
  sums.set(name, (sums.get(name) ?? 0) + count);
}

function sumOf(counts: Iterable<number>): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

function greatestFirst(sums: ReadonlyMap<string, number>, limit: number): readonly (readonly [string, number])[] {
  return [...sums].toSorted(([one, x], [other, y]) => y - x || compareValues(one, other, 1)).slice(0, limit);
}
