import type { Answer, Metric, Series } from "../../../src/admin/contract.ts";
import { valueLabel } from "../format/dimension.ts";
import { lookOf } from "../format/metric.ts";
import { colorVariable } from "./palette.ts";

/** One line, or one layer of a stack. */
export interface ChartSeries {
  readonly name: string;
  readonly label: string;
  /** A CSS variable. */
  readonly color: string;
  readonly values: readonly (number | null)[];
  readonly previous?: readonly (number | null)[] | undefined;
  readonly dash?: readonly number[];
}

/** What all series of a chart share. */
export interface ChartFrame {
  readonly buckets: readonly string[];
  readonly bucket: Answer["query"]["bucket"];
  readonly tz: string;
  readonly to: string;
  readonly partialFrom: string | null;
}

export const frameOf = (answer: Answer): ChartFrame => ({
  buckets: answer.buckets,
  bucket: answer.query.bucket,
  tz: answer.query.tz,
  to: answer.query.to,
  partialFrom: answer.partialFrom,
});

/** How a group is called, one part for each dimension it is grouped by. */
export function seriesLabel(answer: Answer, series: Series): string {
  if (series.other) return "Other";
  const [first] = answer.query.groupBy;
  if (first === undefined) return "All calls";
  return series.key.map((value, at) => valueLabel(answer.query.groupBy[at] ?? first, value)).join(" · ");
}

/** The groups of an answer as series, the greatest first; without groups the one of the totals. */
export function seriesOf(answer: Answer, metric: Metric): ChartSeries[] {
  const groups = answer.query.groupBy.length === 0 ? [answer.totals] : answer.series;
  const colored = groups.map((group) => {
    const label = seriesLabel(answer, group);
    return {
      name: group.other ? "\u0000other" : label,
      label,
      color: answer.query.groupBy.length === 0 ? "--accent" : colorVariable(group.other ? null : label),
      values: group.points[metric] ?? [],
      previous: group.previousPoints?.[metric],
    };
  });
  // What is other is no average or percentile anyone could read.
  return lookOf(metric).adds ? colored : colored.filter((_, at) => groups[at]?.other !== true);
}

export const sumOf = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((sum, value) => (value === null ? sum : (sum ?? 0) + value), null);
