import type { Filter } from "../../../src/admin/api/contract.ts";
import { dimensionLabel, valueLabel } from "../format/dimension.ts";
import type { Scope } from "../data/url-state.ts";

const verbs = { is: "is", is_not: "is not", gte: "≥", lte: "≤" } as const;

/** Describes a filter: "Owner is anna or ben". */
export function describeFilter({ dimension, op, values }: Filter): string {
  const named = values.map((value) => valueLabel(dimension, value));
  const list = named.length > 3 ? `${named.slice(0, 2).join(", ")} or ${named.length - 2} more` : named.join(" or ");
  return `${dimensionLabel(dimension)} ${verbs[op]} ${list}`;
}

/** Describes the filters of a page. */
export function describeScope({ filters }: Scope): string {
  return filters.length === 0 ? "All requests" : filters.map(describeFilter).join(", ");
}
