import { billingOf } from "../../core/usage/billing.ts";
import { recordOnLine } from "../../core/request/record-line.ts";
import type { Prices } from "../../prices/prices.ts";
import { costMembers } from "../costs/cost-annotator.ts";

export interface Repriced {
  /** The same line, but for its cost. */
  readonly line: string;
  readonly before: number;
  readonly after: number;
}

/** What the ledger puts behind every record. Text inside a record has its quotes escaped, so nothing else looks so. */
const END = /(?:,"cost_usd":(?:null|[-+.\deE]+),"cost_source":"[a-z]+")?(,"instance":"(?:[^"\\]|\\.)*","seq":\d+)?\}$/;

/** `undefined` for a line that has no cost, or that is no record. Without its line end. */
export function repriceLine(line: string, prices: Prices): Repriced | undefined {
  const record = recordOnLine(line);
  const billing = record && billingOf(record);
  if (record === undefined || billing === undefined || !Number.isFinite(billing.at)) return undefined;
  const cost = prices.costOf(billing);
  // The line may be anybody's; what its amounts do not add up to a number for keeps its cost.
  if (cost.usd !== null && !Number.isFinite(cost.usd)) return undefined;
  const text = line.replace(END, (_whole, ledgers: string = "") => `${costMembers(cost)}${ledgers}}`);
  return { line: text, before: record.cost_usd ?? 0, after: cost.usd ?? 0 };
}
