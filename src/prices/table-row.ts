/** A model of the price table, in the format of genai-prices, where the data is from. */
export interface TableModel {
  readonly id: string;
  readonly match: MatchRule;
  /** Of several entries, the last whose constraint is met applies. */
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
