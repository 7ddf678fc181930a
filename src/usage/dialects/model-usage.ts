import type { ExtraItem, Usage } from "../../core/usage/usage.ts";
import { usageMembers } from "../../core/request/record-fields.ts";
import { sumOfKnown } from "./counters.ts";

/** What one model used of an answer that collects many: a batch's results, an agent's session. */
export interface ModelUsage {
  readonly kind: string;
  readonly model: string | undefined;
  readonly usage: Usage;
}

/** The byModel with one more: added to the one of the same kind and model. */
export function withModelUsage(
  byModel: readonly ModelUsage[],
  { kind, model, usage }: ModelUsage,
): readonly ModelUsage[] {
  // What was sent verbatim is that of one answer, and its further items are byModel of their own.
  const share: ModelUsage = { kind, model, usage: { ...usage, raw: undefined, extraItems: undefined } };
  let at = byModel.findIndex((other) => other.kind === kind && other.model === model);
  // Beyond any number of models that a batch has, the counters are kept and the names are not.
  if (at === -1 && byModel.length >= MAX_MODELS) at = byModel.findLastIndex((other) => other.kind === kind);
  const before = byModel[at];
  if (before === undefined) return [...byModel, share];
  return byModel.with(at, { ...before, usage: summed(before.usage, share.usage) });
}

/** The byModel beyond the first of `kind`, which is the record itself. */
export function itemsBeside(
  byModel: readonly ModelUsage[],
  main: ModelUsage | undefined,
): readonly ExtraItem[] | undefined {
  const others = byModel.filter((share) => share !== main);
  if (others.length === 0) return undefined;
  return others.map(({ kind, model, usage }) => ({ kind, model, ...usage }));
}

/** One record of many answers: the first share of `kind`, the others beside it. */
export function finalModelUsage(byModel: readonly ModelUsage[], kind: string): Usage | undefined {
  const main = byModel.find((share) => share.kind === kind);
  if (main === undefined) return undefined;
  return { ...main.usage, extraItems: itemsBeside(byModel, main) };
}

/** Both together. A label stays as the first had it. */
function summed(a: Usage, b: Usage): Usage {
  const sum: Usage = {};
  for (const key of COUNTERS) sum[key] = sumOfKnown(a[key], b[key]);
  for (const key of MAPS) sum[key] = plusEach(a[key], b[key]);
  for (const key of LABELS) sum[key] = a[key] ?? b[key];
  return sum;
}

type Counts = Readonly<Record<string, number>> | undefined;

function plusEach(a: Counts, b: Counts): Counts {
  if (a === undefined || b === undefined) return a ?? b;
  const sum: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (Object.hasOwn(sum, name) ? (sum[name] ?? 0) : 0) + count;
  return sum;
}

const MAX_MODELS = 32;
const COUNTERS = usageMembers("count", "amount");
const MAPS = usageMembers("counts");
const LABELS = usageMembers("text");
