import type { QueryResponse, Filter, Metric, Series } from "../../../src/admin/api/contract.ts";
import { valueLabel } from "../format/dimension.ts";
import { metricLook } from "../format/metric.ts";
import { assignColors, colorVariable } from "./palette.ts";

/** One line, or one layer of a stack. */
export interface ChartSeries {
  readonly name: string;
  readonly label: string;
  /** A CSS variable. */
  readonly color: string;
  readonly values: readonly (number | null)[];
  readonly previous?: readonly (number | null)[] | undefined;
  readonly dash?: readonly number[];
  /** The filters that select this group. */
  readonly filters?: readonly Filter[];
}

/** The time axis that all series of a chart share. */
export interface ChartFrame {
  readonly buckets: readonly string[];
  readonly bucket: QueryResponse["query"]["bucket"];
  readonly tz: string;
  readonly to: string;
  readonly partialFrom: string | null;
}

export const frameOf = (result: QueryResponse): ChartFrame => ({
  buckets: result.buckets,
  bucket: result.query.bucket,
  tz: result.query.tz,
  to: result.query.to,
  partialFrom: result.partialFrom,
});

/** Returns the name of a group, with one part for each dimension. */
export function seriesLabel(result: QueryResponse, series: Series): string {
  if (series.other) return "Other";
  const [first] = result.query.groupBy;
  if (first === undefined) return "All requests";
  return series.key.map((value, at) => valueLabel(result.query.groupBy[at] ?? first, value)).join(" · ");
}

/** Returns the color of a group, the same on every chart. */
export function seriesColor(result: QueryResponse, series: Series): string {
  if (result.query.groupBy.length === 0) return "--accent";
  return colorVariable(result.query.groupBy.join(), series.other ? null : seriesLabel(result, series));
}

/** Returns the filters that select a group; none exist for *other*. */
export function seriesFilters(result: QueryResponse, series: Series): Filter[] {
  if (series.other) return [];
  return result.query.groupBy.map((dimension, at) => ({ dimension, op: "is", values: [series.key[at] ?? null] }));
}

/** Returns the groups of a response as series, largest first, or the totals if there are no groups. */
export function seriesOf(result: QueryResponse, metric: Metric): ChartSeries[] {
  const groups = result.query.groupBy.length === 0 ? [result.totals] : result.series;
  const named = groups.filter(({ other }) => !other).map((group) => seriesLabel(result, group));
  assignColors(result.query.groupBy.join(), named);
  // An average or percentile of *other* has no meaning.
  const shown = metricLook(metric).adds ? groups : groups.filter(({ other }) => !other);
  return shown.map((group) => ({
    name: group.other ? "\u0000other" : seriesLabel(result, group),
    label: seriesLabel(result, group),
    color: seriesColor(result, group),
    values: group.points[metric] ?? [],
    previous: group.previousPoints?.[metric],
    filters: seriesFilters(result, group),
  }));
}

export const sumOf = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((sum, value) => (value === null ? sum : (sum ?? 0) + value), null);
