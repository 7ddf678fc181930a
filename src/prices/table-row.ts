/** A model of the price table, in the format of genai-prices, where the data is from. */
export interface TableModel {
  readonly id: string;
  readonly match: MatchRule;
  /** The last entry whose constraint is met applies. */
  readonly prices: PriceSet | readonly DatedPrices[];
}

/** Which names match a model. */
export type MatchRule =
  | { readonly or: readonly MatchRule[] }
  | { readonly and: readonly MatchRule[] }
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string };

export type PriceSet = Readonly<Record<string, number | TieredPrice | undefined>>;

export interface TieredPrice {
  readonly base: number;
  readonly tiers: readonly { readonly start: number; readonly price: number }[];
}

export interface DatedPrices {
  readonly constraint?:
    | { readonly type: "start_date"; readonly start_date: string }
    | { readonly type: "time_of_date"; readonly start_time: string; readonly end_time: string };
  readonly prices: PriceSet;
}

/** Ignores case, except in regular expressions. */
export function matches(rule: MatchRule, name: string): boolean {
  const lower = name.toLowerCase();
  if ("or" in rule) return rule.or.some((part) => matches(part, name));
  if ("and" in rule) return rule.and.every((part) => matches(part, name));
  if ("equals" in rule) return lower === rule.equals.toLowerCase();
  if ("starts_with" in rule) return lower.startsWith(rule.starts_with.toLowerCase());
  if ("ends_with" in rule) return lower.endsWith(rule.ends_with.toLowerCase());
  if ("contains" in rule) return lower.includes(rule.contains.toLowerCase());
  return new RegExp(rule.regex).test(name);
}

/** The prices of a model at a moment. */
export function pricesAt({ prices }: TableModel, at: number): PriceSet {
  if (!isDated(prices)) return prices;
  const applicable = prices.findLast(({ constraint }) => {
    if (constraint === undefined) return true;
    if (constraint.type === "start_date") return at >= Date.parse(constraint.start_date);
    return isWithin(at, secondOfDay(constraint.start_time), secondOfDay(constraint.end_time));
  });
  return (applicable ?? prices[0])?.prices ?? {};
}

export function isDated(prices: TableModel["prices"]): prices is readonly DatedPrices[] {
  return Array.isArray(prices);
}

const DAY = 86_400;

/** A range that ends before it begins spans midnight. */
function isWithin(at: number, from: number, to: number): boolean {
  const second = (at / 1000) % DAY;
  return to < from ? second >= from || second < to : second >= from && second < to;
}

/** The second of the day in UTC of `16:30:00Z` or `09:00:00+08:00`; NaN for other text, which is in no range. */
function secondOfDay(time: string): number {
  const [, hours, minutes, seconds, , sign, zoneHours = "0", zoneMinutes = "0"] =
    /^(\d\d):(\d\d):(\d\d(?:\.\d+)?)(Z|([+-])(\d\d):(\d\d))$/.exec(time) ?? [];
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60 * (sign === "-" ? -1 : 1);
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) - offset + DAY) % DAY;
}

/**
 * True if a rule that matches a name really means this model. Many rules of the price table are prefixes, so the rule for
 * one version also matches the next, which has another price: `claude-x-5` matches `claude-x-5-5`. Dates, snapshots and
 * suffixes of hosts are the same model; a further version number or a size is another.
 */
export function isSameModel(rule: MatchRule, name: string): boolean {
  const rest = restAfter(rule, name.toLowerCase());
  return rest === undefined || !ANOTHER_MODEL.test(rest);
}

/** The rest of the name after the longest part that the rule names; `undefined` if the rule matches the whole name. */
function restAfter(rule: MatchRule, name: string): string | undefined {
  if ("starts_with" in rule) {
    return name.startsWith(rule.starts_with.toLowerCase()) ? name.slice(rule.starts_with.length) : undefined;
  }
  if ("contains" in rule) {
    const at = name.indexOf(rule.contains.toLowerCase());
    return at < 0 ? undefined : name.slice(at + rule.contains.length);
  }
  const parts = "or" in rule ? rule.or : "and" in rule ? rule.and : [];
  let shortest: string | undefined;
  for (const part of parts) {
    if (isWhole(part, name)) return undefined;
    const rest = restAfter(part, name);
    if (rest !== undefined && (shortest === undefined || rest.length < shortest.length)) shortest = rest;
  }
  return shortest;
}

function isWhole(rule: MatchRule, name: string): boolean {
  return "equals" in rule && rule.equals.toLowerCase() === name;
}

/** Matches `-5` and `.5` but not the month of `-09-2025`, `-001` or `-20260101`; and the words for sizes. */
const ANOTHER_MODEL = /^(?:[-.]\d{1,2}(?![\d])(?!-\d{2,4}(?:\D|$))|[-.](?:mini|nano|lite|pro|max|ultra)(?:\W|$))/;
