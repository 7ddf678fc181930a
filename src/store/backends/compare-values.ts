import type { DimensionValue } from "../schema/dimensions.ts";

/** Sorts as DuckDB does with NULLS LAST: unknown values last in either direction, texts by their code points. */
export function compareValues(one: DimensionValue, other: DimensionValue, sign: number): number {
  if (one === null || other === null) return (one === null ? 1 : 0) - (other === null ? 1 : 0);
  if (typeof one === "number" && typeof other === "number") return sign * (one - other);
  return sign * Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
}
