import { bucketMiddleMs, DURATION_BUCKETS } from "../../schema/duration-buckets.ts";
import type { FactColumn } from "./column-block.ts";
import type { Cells, CellSums, ColumnScan } from "./column-scan.ts";
import { QueryResult, type Asked, type Group, type GroupValues } from "../sql/aggregate-sql.ts";
import { compareValues } from "../compare-values.ts";
import type { DimensionValue } from "../../schema/dimensions.ts";
import { computationOf, percentileOf, type Figure, type Sums } from "../../schema/measures.ts";
import type { Metric } from "../../schema/query.ts";

// The figures of a question from sums that are in memory: the same as `figures.ts` has them from the database.

/** So many distributions are counted at a time. */
const CELLS_AT_A_TIME = 2048;

export function memoryResult(selection: ColumnScan, asked: Asked, buckets: number): QueryResult {
  const { metrics, groupBy } = asked.question;
  const groups = groupBy.length === 0 ? [] : (asked.groups ?? firstGroups(selection, asked));
  const table = new SlotTable(selection, groups, buckets);
  const figures = new QueryResult(groups);
  const computed = metrics.flatMap((metric) => {
    const computation = computationOf(metric);
    return computation === undefined ? [] : [{ metric, ...computation }];
  });
  const sums = new SummedFigures(selection, ["requests", ...computed.flatMap((each) => each.figures)], table);
  for (const place of table.places(groupBy.length > 0)) {
    const of = sums.over(place.cells);
    if ((of("requests") ?? 0) === 0) continue;
    figures.saw(place.group, place.bucket);
    for (const each of computed) figures.set(place.group, place.bucket, each.metric, each.of(of));
  }
  for (const kind of ["duration", "ttft"] as const) {
    const wanted = metrics.filter((metric) => percentileOf(metric)?.of === kind);
    if (wanted.length > 0) setPercentiles(figures, { selection, table, kind, wanted, isGrouped: groupBy.length > 0 });
  }
  return figures;
}

interface Place {
  readonly group: Group;
  readonly bucket: number | "all";
  readonly cells: readonly number[];
}

/** Cells by slot and bucket; the last slot is what is of no group that is shown. */
class SlotTable {
  readonly slots: number;
  readonly buckets: number;
  readonly count: number;
  readonly #slotOf: Uint32Array;

  constructor(selection: ColumnScan, groups: readonly GroupValues[], buckets: number) {
    const slots = new Map(groups.map((group, slot) => [keyOf(group), slot]));
    this.slots = groups.length + 1;
    this.buckets = buckets;
    this.count = this.slots * buckets;
    this.#slotOf = Uint32Array.from(selection.groups.values, (group) => slots.get(keyOf(group)) ?? groups.length);
  }

  readonly of = (group: number, bucket: number): number => (this.#slotOf[group] ?? 0) * this.buckets + bucket;

  /** All that is told: each group and all together, bucket by bucket and over all time. */
  *places(isGrouped: boolean): Generator<Place> {
    const slots = Array.from({ length: this.slots }, (_, slot) => slot);
    const buckets = Array.from({ length: this.buckets }, (_, bucket) => bucket);
    const groups = slots.map((slot) => ({ group: slot === this.slots - 1 ? ("other" as const) : slot, slots: [slot] }));
    for (const { group, slots: of } of [{ group: "all" as const, slots }, ...(isGrouped ? groups : [])]) {
      yield {
        group,
        bucket: "all",
        cells: of.flatMap((slot) => buckets.map((bucket) => slot * this.buckets + bucket)),
      };
      for (const bucket of buckets) yield { group, bucket, cells: of.map((slot) => slot * this.buckets + bucket) };
    }
  }
}

function keyOf(group: GroupValues): string {
  return JSON.stringify(group.map((value) => (typeof value === "bigint" ? Number(value) : (value ?? null))));
}

/** The sums of some figures, cell by cell. */
export class SummedFigures {
  readonly #sums = new Map<string, CellSums>();

  constructor(selection: ColumnScan, figures: readonly Figure[], cells: Cells) {
    const placed = selection.place(cells);
    for (const figure of new Set(figures)) {
      const columns: readonly (Exclude<Figure, "cost_usd"> | FactColumn)[] =
        figure === "cost_usd" ? ["cost_micros", "cost_picos"] : [figure];
      for (const column of columns) this.#sums.set(column, selection.sum(column, placed));
    }
  }

  /** The sums over these cells together. */
  over(cells: readonly number[]): Sums {
    return (figure) => {
      if (figure !== "cost_usd") return this.#over(figure, cells);
      const micros = this.#over("cost_micros", cells);
      return micros === null ? null : dollars(micros, this.#over("cost_picos", cells) ?? 0);
    };
  }

  #over(column: string, cells: readonly number[]): number | null {
    const of = this.#sums.get(column);
    let sum = 0;
    let isKnown = false;
    for (const cell of cells) {
      if (of?.isKnown[cell] !== 1) continue;
      isKnown = true;
      sum += of.sums[cell] ?? 0;
    }
    return isKnown ? sum : null;
  }
}

const TRILLION = 1_000_000_000_000n;

/** As the database makes a number of a decimal one: in two steps where it has more digits than a number holds. */
function dollars(micros: number, picos: number): number {
  const all = BigInt(micros) * 1_000_000n + BigInt(picos);
  if (all <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(all) / 1e12;
  return Number(all / TRILLION) + Number(all % TRILLION) / 1e12;
}

/** The first groups in order; equal ones in the order of their names. */
function firstGroups(selection: ColumnScan, { question, order }: Asked): readonly GroupValues[] {
  const { values } = selection.groups;
  const byGroup = { count: values.length, of: (group: number): number => group };
  const computation = order.by === "key" ? undefined : computationOf(order.by);
  const sums = new SummedFigures(selection, ["requests", ...(computation?.figures ?? [])], byGroup);
  const ranks = order.by === "key" ? undefined : ranksOf(selection, order.by, values.length);
  const found = values.flatMap((group, at) => {
    const of = sums.over([at]);
    if ((of("requests") ?? 0) === 0) return [];
    return [{ group, value: computation === undefined ? (ranks?.[at] ?? null) : computation.of(of) }];
  });
  const sign = order.descending ? -1 : 1;
  const nameSign = order.by === "key" ? sign : 1;
  found.sort(
    (one, other) => compareValues(one.value, other.value, sign) || namesInOrder(one.group, other.group, nameSign),
  );
  return found.slice(0, question.limit).map(({ group }) => group);
}

function namesInOrder(one: readonly DimensionValue[], other: readonly DimensionValue[], sign: number): number {
  for (const [at, value] of one.entries()) {
    const difference = compareValues(value, other[at] ?? null, sign);
    if (difference !== 0) return difference;
  }
  return 0;
}

function ranksOf(selection: ColumnScan, metric: Metric, groups: number): readonly (number | null)[] | undefined {
  const percentile = percentileOf(metric);
  if (percentile === undefined) return undefined;
  const ranks: (number | null)[] = [];
  for (let first = 0; first < groups; first += CELLS_AT_A_TIME) {
    const count = Math.min(CELLS_AT_A_TIME, groups - first);
    const of = (group: number): number => (group >= first && group < first + count ? group - first : -1);
    const counts = selection.spread(percentile.of, selection.place({ count, of }));
    for (let at = 0; at < count; at++) ranks.push(rankIn(distribution(counts, at), percentile.percent));
  }
  return ranks;
}

interface Percentiles {
  readonly selection: ColumnScan;
  readonly table: SlotTable;
  readonly kind: "duration" | "ttft";
  readonly wanted: readonly Metric[];
  readonly isGrouped: boolean;
}

/** Counts the distributions of some cells at a time, and adds them up to those of slots, buckets and all. */
function setPercentiles(figures: QueryResult, { selection, table, kind, wanted, isGrouped }: Percentiles): void {
  const bySlot = new Uint32Array(table.slots * DURATION_BUCKETS);
  const byBucket = new Uint32Array(table.buckets * DURATION_BUCKETS);
  const all = new Uint32Array(DURATION_BUCKETS);
  const tell = (group: Group, bucket: number | "all", counts: Uint32Array): void => {
    for (const metric of wanted) {
      const rank = rankIn(counts, percentileOf(metric)?.percent ?? 0);
      if (rank !== null) figures.set(group, bucket, metric, bucketMiddleMs(rank));
    }
  };
  const groupOf = (slot: number): Group => (slot === table.slots - 1 ? "other" : slot);
  for (let first = 0; first < table.count; first += CELLS_AT_A_TIME) {
    const count = Math.min(CELLS_AT_A_TIME, table.count - first);
    const of = (group: number, bucket: number): number => {
      const cell = table.of(group, bucket) - first;
      return cell < count ? Math.max(cell, -1) : -1;
    };
    const counts = selection.spread(kind, selection.place({ count, of }));
    for (let at = 0; at < count; at++) {
      const cell = distribution(counts, at);
      const [slot, bucket] = [Math.floor((first + at) / table.buckets), (first + at) % table.buckets];
      if (isGrouped) tell(groupOf(slot), bucket, cell);
      for (const sums of [distribution(bySlot, slot), distribution(byBucket, bucket), all]) addTo(sums, cell);
    }
  }
  if (isGrouped) for (let slot = 0; slot < table.slots; slot++) tell(groupOf(slot), "all", distribution(bySlot, slot));
  for (let bucket = 0; bucket < table.buckets; bucket++) tell("all", bucket, distribution(byBucket, bucket));
  tell("all", "all", all);
}

function distribution(counts: Uint32Array, cell: number): Uint32Array {
  return counts.subarray(cell * DURATION_BUCKETS, (cell + 1) * DURATION_BUCKETS);
}

function addTo(sums: Uint32Array, counts: Uint32Array): void {
  for (let at = 0; at < DURATION_BUCKETS; at++) sums[at] = (sums[at] ?? 0) + (counts[at] ?? 0);
}

/** The nearest rank: the first bucket by which that share of the calls is reached; `null` of none. */
function rankIn(counts: Uint32Array, percent: number): number | null {
  let whole = 0;
  for (let at = 0; at < DURATION_BUCKETS; at++) whole += counts[at] ?? 0;
  if (whole === 0) return null;
  let upto = 0;
  for (let at = 0; at < DURATION_BUCKETS; at++) {
    upto += counts[at] ?? 0;
    if (upto * 100 >= whole * percent) return at;
  }
  return null;
}
