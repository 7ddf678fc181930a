import type { DimensionValue } from "../../schema/dimensions.ts";
import { bucketMiddleMs, DURATION_BUCKETS } from "../../schema/duration-buckets.ts";
import { formulaValue, measuresOf, percentileOf, percentilesAmong, sumFormula } from "../../schema/formula.ts";
import type { Metric } from "../../schema/query.ts";
import type { Aggregation } from "../backend.ts";
import { compareValues } from "../compare-values.ts";
import { QueryResult, type Bucket, type Group, type GroupValues } from "../query-result.ts";
import type { ColumnScan } from "./column-scan.ts";
import { MeasureSums } from "./measure-sums.ts";

/** Histograms that are counted in one pass, which caps the memory that they need. */
const HISTOGRAMS_PER_PASS = 2048;

/** As `aggregateInSql`, from columns in memory. */
export function aggregateInMemory(scan: ColumnScan, aggregation: Aggregation, buckets: number): QueryResult {
  const { metrics, groupBy } = aggregation.query;
  const groups = groupBy.length === 0 ? [] : (aggregation.groups ?? firstGroups(scan, aggregation));
  const table = new SlotTable(scan, groups, buckets);
  const result = new QueryResult(groups);
  const computed = metrics.flatMap((metric) => {
    const formula = sumFormula(metric);
    return formula === undefined ? [] : [{ metric, formula }];
  });
  const measures = computed.flatMap(({ formula }) => measuresOf(formula));
  const sums = new MeasureSums(scan, ["requests", ...measures], table);
  for (const place of table.places(groupBy.length > 0)) {
    const of = sums.over(place.accumulators);
    if ((of("requests") ?? 0) === 0) continue;
    result.addRequests(place.group, place.bucket);
    for (const { metric, formula } of computed) {
      result.set(place.group, place.bucket, metric, formulaValue(formula, of));
    }
  }
  for (const time of ["duration", "ttft"] as const) {
    const percentiles = percentilesAmong(metrics, time);
    if (percentiles.length > 0) {
      setPercentiles(result, { scan, table, time, percentiles, isGrouped: groupBy.length > 0 });
    }
  }
  return result;
}

interface Place {
  readonly group: Group;
  readonly bucket: Bucket;
  readonly accumulators: readonly number[];
}

/** One accumulator for each slot and bucket. A slot is a shown group; the last one takes all other groups. */
class SlotTable {
  readonly slots: number;
  readonly buckets: number;
  readonly count: number;
  readonly #slotOf: Uint32Array;

  constructor(scan: ColumnScan, groups: readonly GroupValues[], buckets: number) {
    const slots = new Map(groups.map((group, slot) => [textOf(group), slot]));
    this.slots = groups.length + 1;
    this.buckets = buckets;
    this.count = this.slots * buckets;
    this.#slotOf = Uint32Array.from(scan.groups.values, (group) => slots.get(textOf(group)) ?? groups.length);
  }

  readonly of = (group: number, bucket: number): number => (this.#slotOf[group] ?? 0) * this.buckets + bucket;

  groupOf(slot: number): Group {
    return slot === this.slots - 1 ? "other" : slot;
  }

  /** All requests, then each group if there are groups: for the whole range and for each bucket. */
  *places(isGrouped: boolean): Generator<Place> {
    const slots = Array.from({ length: this.slots }, (_, slot) => slot);
    const buckets = Array.from({ length: this.buckets }, (_, bucket) => bucket);
    const groups = slots.map((slot) => ({ group: this.groupOf(slot), slots: [slot] }));
    for (const { group, slots: of } of [{ group: "all" as const, slots }, ...(isGrouped ? groups : [])]) {
      const range = of.flatMap((slot) => buckets.map((bucket) => slot * this.buckets + bucket));
      yield { group, bucket: "all", accumulators: range };
      for (const bucket of buckets) {
        yield { group, bucket, accumulators: of.map((slot) => slot * this.buckets + bucket) };
      }
    }
  }
}

/** Groups of both backends compare equal as texts: DuckDB returns whole numbers as `bigint`. */
function textOf(group: GroupValues): string {
  return JSON.stringify(group.map((value) => (typeof value === "bigint" ? Number(value) : (value ?? null))));
}

/** The first groups in order. Ties are broken by the groups' names. */
function firstGroups(scan: ColumnScan, { query, order }: Aggregation): readonly GroupValues[] {
  const { values } = scan.groups;
  const byGroup = { count: values.length, of: (group: number): number => group };
  const formula = order.by === "key" ? undefined : sumFormula(order.by);
  const sums = new MeasureSums(scan, ["requests", ...(formula === undefined ? [] : measuresOf(formula))], byGroup);
  const ranks = order.by === "key" ? undefined : ranksOf(scan, order.by, values.length);
  const found = values.flatMap((group, at) => {
    const of = sums.over([at]);
    if ((of("requests") ?? 0) === 0) return [];
    return [{ group, value: formula === undefined ? (ranks?.[at] ?? null) : formulaValue(formula, of) }];
  });
  const sign = order.descending ? -1 : 1;
  const nameSign = order.by === "key" ? sign : 1;
  found.sort(
    (one, other) => compareValues(one.value, other.value, sign) || compareGroups(one.group, other.group, nameSign),
  );
  return found.slice(0, query.limit).map(({ group }) => group);
}

function compareGroups(one: readonly DimensionValue[], other: readonly DimensionValue[], sign: number): number {
  for (const [at, value] of one.entries()) {
    const difference = compareValues(value, other[at] ?? null, sign);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** For a percentile, its duration bucket in each group. */
function ranksOf(scan: ColumnScan, metric: Metric, groups: number): readonly (number | null)[] | undefined {
  const percentile = percentileOf(metric);
  if (percentile === undefined) return undefined;
  const ranks: (number | null)[] = [];
  for (let first = 0; first < groups; first += HISTOGRAMS_PER_PASS) {
    const count = Math.min(HISTOGRAMS_PER_PASS, groups - first);
    const of = (group: number): number => (group >= first && group < first + count ? group - first : -1);
    const counts = scan.histogram(percentile.of, scan.place({ count, of }));
    for (let at = 0; at < count; at++) ranks.push(rankIn(histogramAt(counts, at), percentile.percent));
  }
  return ranks;
}

interface PercentileInput {
  readonly scan: ColumnScan;
  readonly table: SlotTable;
  readonly time: "duration" | "ttft";
  readonly percentiles: readonly Metric[];
  readonly isGrouped: boolean;
}

/** Counts the histograms of the slot table in passes, and adds them up for the slots, the buckets and the total. */
function setPercentiles(result: QueryResult, { scan, table, time, percentiles, isGrouped }: PercentileInput): void {
  const bySlot = new Uint32Array(table.slots * DURATION_BUCKETS);
  const byBucket = new Uint32Array(table.buckets * DURATION_BUCKETS);
  const all = new Uint32Array(DURATION_BUCKETS);
  const setRanks = (group: Group, bucket: Bucket, counts: Uint32Array): void => {
    for (const metric of percentiles) {
      const rank = rankIn(counts, percentileOf(metric)?.percent ?? 0);
      if (rank !== null) result.set(group, bucket, metric, bucketMiddleMs(rank));
    }
  };
  for (let first = 0; first < table.count; first += HISTOGRAMS_PER_PASS) {
    const count = Math.min(HISTOGRAMS_PER_PASS, table.count - first);
    const of = (group: number, bucket: number): number => {
      const at = table.of(group, bucket) - first;
      return at < count ? Math.max(at, -1) : -1;
    };
    const counts = scan.histogram(time, scan.place({ count, of }));
    for (let at = 0; at < count; at++) {
      const histogram = histogramAt(counts, at);
      const [slot, bucket] = [Math.floor((first + at) / table.buckets), (first + at) % table.buckets];
      if (isGrouped) setRanks(table.groupOf(slot), bucket, histogram);
      for (const sums of [histogramAt(bySlot, slot), histogramAt(byBucket, bucket), all]) addTo(sums, histogram);
    }
  }
  if (isGrouped) {
    for (let slot = 0; slot < table.slots; slot++) setRanks(table.groupOf(slot), "all", histogramAt(bySlot, slot));
  }
  for (let bucket = 0; bucket < table.buckets; bucket++) setRanks("all", bucket, histogramAt(byBucket, bucket));
  setRanks("all", "all", all);
}

function histogramAt(counts: Uint32Array, at: number): Uint32Array {
  return counts.subarray(at * DURATION_BUCKETS, (at + 1) * DURATION_BUCKETS);
}

function addTo(sums: Uint32Array, counts: Uint32Array): void {
  for (let at = 0; at < DURATION_BUCKETS; at++) sums[at] = (sums[at] ?? 0) + (counts[at] ?? 0);
}

/** The nearest rank: the first bucket at which the running count reaches that share of the requests; `null` for none. */
function rankIn(counts: Uint32Array, percent: number): number | null {
  let whole = 0;
  for (let at = 0; at < DURATION_BUCKETS; at++) whole += counts[at] ?? 0;
  if (whole === 0) return null;
  let running = 0;
  for (let at = 0; at < DURATION_BUCKETS; at++) {
    running += counts[at] ?? 0;
    if (running * 100 >= whole * percent) return at;
  }
  return null;
}
