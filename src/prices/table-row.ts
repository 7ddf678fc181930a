/** A model of the price table. The forms are those of genai-prices, whose data this is. */
export interface TableModel {
  readonly id: string;
  readonly match: MatchRule;
  /** Of several, the last whose constraint is met counts. */
  readonly prices: PriceSet | readonly DatedPrices[];
}

/** Which names mean a model. */
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

/** Letters' case makes no difference, but in an expression. */
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
  const inForce = prices.findLast(({ constraint }) => {
    if (constraint === undefined) return true;
    if (constraint.type === "start_date") return at >= Date.parse(constraint.start_date);
    return isWithin(at, secondOfDay(constraint.start_time), secondOfDay(constraint.end_time));
  });
  return (inForce ?? prices[0])?.prices ?? {};
}

export function isDated(prices: TableModel["prices"]): prices is readonly DatedPrices[] {
  return Array.isArray(prices);
}

const DAY = 86_400;

/** Hours that end before they begin go past midnight. */
function isWithin(at: number, from: number, to: number): boolean {
  const second = (at / 1000) % DAY;
  return to < from ? second >= from || second < to : second >= from && second < to;
}

/** `16:30:00Z`, `09:00:00+08:00`: the second of the day in UTC. A text that is none is never now. */
function secondOfDay(time: string): number {
  const [, hours, minutes, seconds, , sign, zoneHours = "0", zoneMinutes = "0"] =
    /^(\d\d):(\d\d):(\d\d(?:\.\d+)?)(Z|([+-])(\d\d):(\d\d))$/.exec(time) ?? [];
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60 * (sign === "-" ? -1 : 1);
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) - offset + DAY) % DAY;
}
