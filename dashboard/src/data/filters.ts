import type { Dimension, Filter } from "../../../src/admin/api/contract.ts";
import { parseCondition, parseSearch } from "../../../src/store/filter/filter-text.ts";
import { isDimension } from "../format/dimension.ts";

/** A filter of the address bar: `f.<name>=<text>`. `undefined` if it is not one. */
export function filterFromParam(name: string, text: string): Filter | undefined {
  return isDimension(name) ? filterOrNothing(() => parseCondition(name, text)) : undefined;
}

/** A filter as typed: `model:gpt-5`, `status:>=400`. `undefined` if it is not one. */
export function filterFromSearch(text: string): Filter | undefined {
  return filterOrNothing(() => parseSearch(text));
}

/** The parser throws to explain what is wrong; the address bar and the menu only need to know that something is. */
function filterOrNothing(parse: () => Filter): Filter | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** Adds a filter for this value, or removes it if it is the only one. */
export function toggleFilter(filters: readonly Filter[], dimension: Dimension, value: string | null): Filter[] {
  const isSame = (filter: Filter): boolean =>
    filter.dimension === dimension && filter.op === "is" && filter.values.length === 1 && filter.values[0] === value;
  if (filters.some(isSame)) return filters.filter((filter) => !isSame(filter));
  return [
    ...filters.filter((filter) => filter.dimension !== dimension || filter.op !== "is"),
    { dimension, op: "is", values: [value] },
  ];
}
