/** Where a cost comes from. The first that knows one is asked no further: the provider, the operator, the price table. */
export type CostSource = "provider" | "override" | "table" | "none";
