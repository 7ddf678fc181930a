import type { MatchRule } from "./table-row.ts";

/**
 * Whether a rule of the price table that fits a name means that very model. Many rules are beginnings of names, so the
 * rule for one version also fits the next one, which has another price: `claude-x-5` fits `claude-x-5-5`. Dates,
 * snapshots and hosts' own endings are the same model; a further version number or a size is another.
 */
export function isSameModel(rule: MatchRule, name: string): boolean {
  const rest = leftover(rule, name.toLowerCase());
  return rest === undefined || !ANOTHER_MODEL.test(rest);
}

/** What of the name comes after the longest piece that a rule names; `undefined` where the rule is about the whole of it. */
function leftover(rule: MatchRule, name: string): string | undefined {
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
    const rest = leftover(part, name);
    if (rest !== undefined && (shortest === undefined || rest.length < shortest.length)) shortest = rest;
  }
  return shortest;
}

function isWhole(rule: MatchRule, name: string): boolean {
  return "equals" in rule && rule.equals.toLowerCase() === name;
}

/** `-5`, `.5` but not the month of `-09-2025`, not `-001` or `-20260101`; and the words that sizes are named with. */
const ANOTHER_MODEL = /^(?:[-.]\d{1,2}(?![\d])(?!-\d{2,4}(?:\D|$))|[-.](?:mini|nano|lite|pro|max|ultra)(?:\W|$))/;
