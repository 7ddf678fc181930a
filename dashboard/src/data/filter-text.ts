import type { Dimension, Filter } from "../../../src/admin/api/contract.ts";
import { isDimension } from "../format/dimension.ts";

// Filters as text: in the address bar `f.owner=anna,ben`, `f.model=!gpt-5`, `f.status=>=400`; for the API
// `owner=anna,ben`, `model!=gpt-5`, `status>=400`. The word null is "unknown"; `\` escapes.

const signs = { is: "=", is_not: "!=", gte: ">=", lte: "<=" } as const;
const prefixes = { is: "", is_not: "!", gte: ">=", lte: "<=" } as const;

export function filterToApi(filter: Filter): string {
  return `${filter.dimension}${signs[filter.op]}${valuesToText(filter.values)}`;
}

export function filterToParam({ op, values }: Filter): string {
  const text = valuesToText(values);
  // A value that begins like one of the signs must not be taken for it.
  return op === "is" ? text.replace(/^(?=[!<>])/, "\\") : `${prefixes[op]}${text}`;
}

export function filterFromParam(name: string, text: string): Filter | undefined {
  if (!isDimension(name)) return undefined;
  const op = text.startsWith("!") ? "is_not" : text.startsWith(">=") ? "gte" : text.startsWith("<=") ? "lte" : "is";
  return { dimension: name, op, values: valuesFromText(text.slice(prefixes[op].length)) };
}

function valuesToText(values: readonly (string | null)[]): string {
  return values
    .map((value) => (value === null ? "null" : value === "null" ? "\\null" : value.replaceAll(/[\\,]/g, "\\$&")))
    .join(",");
}

function valuesFromText(text: string): (string | null)[] {
  const values: (string | null)[] = [];
  let value = "";
  let isEscaped = false;
  for (let i = 0; i <= text.length; i++) {
    const character = text[i];
    if (character === "\\" && i + 1 < text.length) {
      isEscaped = true;
      value += text[++i] ?? "";
    } else if (character === "," || character === undefined) {
      values.push(value === "null" && !isEscaped ? null : value);
      value = "";
      isEscaped = false;
    } else value += character;
  }
  return values;
}

/** With this value shown alone, or no longer: the one thing a click on a row does. */
export function toggleFilter(filters: readonly Filter[], dimension: Dimension, value: string | null): Filter[] {
  const isSame = (filter: Filter): boolean =>
    filter.dimension === dimension && filter.op === "is" && filter.values.length === 1 && filter.values[0] === value;
  if (filters.some(isSame)) return filters.filter((filter) => !isSame(filter));
  return [
    ...filters.filter((filter) => filter.dimension !== dimension || filter.op !== "is"),
    { dimension, op: "is", values: [value] },
  ];
}
