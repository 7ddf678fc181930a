import type { MeasureName, Sums } from "../../schema/measures.ts";
import type { ColumnName } from "./column-block.ts";
import type { Accumulators, ColumnScan, ColumnSums } from "./column-scan.ts";

/** The sums of some measures, by accumulator. */
export class MeasureSums {
  readonly #sums = new Map<string, ColumnSums>();

  constructor(scan: ColumnScan, measures: readonly MeasureName[], accumulators: Accumulators) {
    const placement = scan.place(accumulators);
    for (const measure of new Set(measures)) {
      const columns: readonly (Exclude<MeasureName, "cost_usd"> | ColumnName)[] =
        measure === "cost_usd" ? ["cost_micros", "cost_picos"] : [measure];
      for (const column of columns) this.#sums.set(column, scan.sum(column, placement));
    }
  }

  /** The sums over several accumulators together. */
  over(accumulators: readonly number[]): Sums {
    return (measure) => {
      if (measure !== "cost_usd") return this.#over(measure, accumulators);
      const micros = this.#over("cost_micros", accumulators);
      return micros === null ? null : dollars(micros, this.#over("cost_picos", accumulators) ?? 0);
    };
  }

  #over(column: string, accumulators: readonly number[]): number | null {
    const of = this.#sums.get(column);
    let sum = 0;
    let isKnown = false;
    for (const at of accumulators) {
      if (of?.isKnown[at] !== 1) continue;
      isKnown = true;
      sum += of.sums[at] ?? 0;
    }
    return isKnown ? sum : null;
  }
}

const TRILLION = 1_000_000_000_000n;

/** Converts as DuckDB converts a DECIMAL to a DOUBLE: in two steps if it has more digits than a number holds. */
function dollars(micros: number, picos: number): number {
  const all = BigInt(micros) * 1_000_000n + BigInt(picos);
  if (all <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(all) / 1e12;
  return Number(all / TRILLION) + Number(all % TRILLION) / 1e12;
}
