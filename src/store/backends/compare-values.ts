import type { DimensionValue } from "../schema/dimensions.ts";

/** Unknown ones come last, whatever the direction; texts are in the order of their code points, as in the database. */
export function compareValues(one: DimensionValue, other: DimensionValue, sign: number): number {
  if (one === null || other === null) return (one === null ? 1 : 0) - (other === null ? 1 : 0);
  if (typeof one === "number" && typeof other === "number") return sign * (one - other);
  return sign * Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
}
