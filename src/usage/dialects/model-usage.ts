import type { ExtraItem, Usage } from "../../core/usage/usage.ts";
import { usageMembers } from "../../core/request/record-fields.ts";
import { sumOfKnown } from "./counters.ts";

/** The usage of one model, in a response that contains many: the results of a batch, the session of an agent. */
export interface ModelUsage {
  readonly kind: string;
  readonly model: string | undefined;
  readonly usage: Usage;
}

/** Adds the usage to the entry of the same kind and model, or as a new entry. */
export function withModelUsage(
  byModel: readonly ModelUsage[],
  { kind, model, usage }: ModelUsage,
): readonly ModelUsage[] {
  // The raw object describes a single response, and the extra items become entries of their own.
  const entry: ModelUsage = { kind, model, usage: { ...usage, raw: undefined, extraItems: undefined } };
  let at = byModel.findIndex((other) => other.kind === kind && other.model === model);
  // Beyond the limit the counters are kept and the model names are not.
  if (at === -1 && byModel.length >= MAX_MODELS) at = byModel.findLastIndex((other) => other.kind === kind);
  const before = byModel[at];
  if (before === undefined) return [...byModel, entry];
  return byModel.with(at, { ...before, usage: sumOf(before.usage, entry.usage) });
}

/** The entries other than `main`, which is the record itself. */
export function otherItems(
  byModel: readonly ModelUsage[],
  main: ModelUsage | undefined,
): readonly ExtraItem[] | undefined {
  const others = byModel.filter((entry) => entry !== main);
  if (others.length === 0) return undefined;
  return others.map(({ kind, model, usage }) => ({ kind, model, ...usage }));
}

/** One record for many responses: the first entry of `kind`, with the other entries as extra items. */
export function finalModelUsage(byModel: readonly ModelUsage[], kind: string): Usage | undefined {
  const main = byModel.find((entry) => entry.kind === kind);
  if (main === undefined) return undefined;
  return { ...main.usage, extraItems: otherItems(byModel, main) };
}

/** Sums both. A label keeps its first value. */
function sumOf(a: Usage, b: Usage): Usage {
  const sum: Usage = {};
  for (const key of COUNTERS) sum[key] = sumOfKnown(a[key], b[key]);
  for (const key of MAPS) sum[key] = sumOfMaps(a[key], b[key]);
  for (const key of LABELS) sum[key] = a[key] ?? b[key];
  return sum;
}

type Counts = Readonly<Record<string, number>> | undefined;

function sumOfMaps(a: Counts, b: Counts): Counts {
  if (a === undefined || b === undefined) return a ?? b;
  const sum: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (Object.hasOwn(sum, name) ? (sum[name] ?? 0) : 0) + count;
  return sum;
}

const MAX_MODELS = 32;
const COUNTERS = usageMembers("count", "amount");
const MAPS = usageMembers("counts");
const LABELS = usageMembers("text");
