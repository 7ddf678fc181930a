import type { MatchRule } from "./table-row.ts";

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
