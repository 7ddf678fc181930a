import type { DimensionValue } from "../../schema/dimensions.ts";
import { formulaValue, measuresOf, sumFormula } from "../../schema/formula.ts";
import type { Coverage } from "../../schema/query.ts";
import type { UnpricedModel } from "../../schema/reader.ts";
import type { Aggregation, Backend, KeyTotals, KeyUsage, ValueCount, ValueSearch } from "../backend.ts";
import { compareValues } from "../compare-values.ts";
import type { QueryRange } from "../query-range.ts";
import type { QueryResult } from "../query-result.ts";
import { ColumnScan, type MemoryRows } from "./column-scan.ts";
import { MeasureSums } from "./measure-sums.ts";
import { aggregateInMemory } from "./memory-aggregate.ts";
import { coverageInMemory, unpricedInMemory } from "./memory-coverage.ts";

/** Computes queries from the rows that `HourCache` holds for their ranges. */
export class MemoryBackend implements Backend {
  readonly #rows: MemoryRows;
  /** Several methods of one query use the same range, which is scanned once. */
  readonly #scans = new Map<QueryRange, ColumnScan>();

  constructor(rows: MemoryRows) {
    this.#rows = rows;
  }

  async aggregate(range: QueryRange, aggregation: Aggregation): Promise<QueryResult> {
    return aggregateInMemory(this.#scan(range), aggregation, range.edges.length - 1);
  }

  async coverage(range: QueryRange): Promise<Coverage> {
    return coverageInMemory(this.#scan(range));
  }

  async values(range: QueryRange, { search }: ValueSearch): Promise<readonly ValueCount[]> {
    const scan = this.#scan(range);
    const { values } = scan.groups;
    const requests = scan.sum("requests", scan.place({ count: values.length, of: (group) => group })).sums;
    const lowerCase = search.toLowerCase();
    const isFound = (value: DimensionValue): boolean =>
      search === "" || (value !== null && String(value).toLowerCase().includes(lowerCase));
    const found = values.flatMap(([value = null], at) => {
      const count = requests[at] ?? 0;
      return count > 0 && isFound(value) ? [{ value, requests: count }] : [];
    });
    return found.toSorted((one, other) => other.requests - one.requests || compareValues(one.value, other.value, 1));
  }

  async unpriced(range: QueryRange, limit: number): Promise<readonly UnpricedModel[]> {
    return unpricedInMemory(this.#scan(range), limit);
  }

  async keyActivity(ranges: readonly QueryRange[]): Promise<KeyUsage> {
    return { lastUsed: this.#lastUsed(), totals: ranges.map((range) => this.#keyTotals(range)) };
  }

  async lastRequest(): Promise<number | null> {
    let last = -Infinity;
    for (const { block } of this.#rows.blocks) for (const ms of block.lastEnds.values()) last = Math.max(last, ms);
    return last === -Infinity ? null : last;
  }

  #scan(range: QueryRange): ColumnScan {
    let scan = this.#scans.get(range);
    if (scan === undefined) {
      scan = new ColumnScan(this.#rows, range);
      this.#scans.set(range, scan);
    }
    return scan;
  }

  #lastUsed(): ReadonlyMap<string, number> {
    const { blocks, sets } = this.#rows;
    const last = new Map<string, number>();
    for (const { block, covers } of blocks) {
      // The requests of slices are part of the hours as well.
      if (covers === "slices") continue;
      for (const [set, ms] of block.lastEnds) {
        const key = sets[set]?.key ?? null;
        if (key !== null && ms > (last.get(key) ?? -Infinity)) last.set(key, ms);
      }
    }
    return last;
  }

  #keyTotals(range: QueryRange): ReadonlyMap<string, KeyTotals> {
    const cost = sumFormula("cost");
    if (cost === undefined) throw new Error("cost is not a percentile");
    const scan = this.#scan(range);
    const { values } = scan.groups;
    const sums = new MeasureSums(scan, measuresOf(cost), { count: values.length, of: (group) => group });
    return new Map(
      values.flatMap(([key], at) => {
        const of = sums.over([at]);
        const requests = of("requests") ?? 0;
        // Requests without a key belong to no key's activity.
        return requests === 0 || key === null
          ? []
          : [[String(key), { requests, cost: formulaValue(cost, of) }] as const];
      }),
    );
  }
}
