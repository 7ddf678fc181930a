import { formatBucket } from "../format/moment.ts";
import { formatQuantity, formatShare } from "../format/number.ts";
import type { ChartFrame, ChartSeries } from "./chart-series.ts";
import { sumOf } from "./chart-series.ts";

interface Described {
  readonly title: string;
  readonly frame: ChartFrame;
  readonly series: readonly ChartSeries[];
  readonly isStack: boolean;
  readonly exactly: (value: number | null) => string;
}

/** Describes a chart in two or three sentences. */
export function describeChart({ title, frame, series, isStack, exactly }: Described): string {
  const first = frame.buckets[0];
  if (first === undefined || series.length === 0) return `${title}: no data.`;
  const name = (at: number): string => formatBucket(frame.buckets[at] ?? first, frame.bucket, frame.tz);
  const when = `${formatQuantity(frame.buckets.length, "interval")} from ${name(0)} to ${name(frame.buckets.length - 1)}`;
  const columns = frame.buckets.map((_, at) => {
    const values = series.map((one) => one.values[at] ?? null);
    return isStack ? sumOf(values) : (values[0] ?? null);
  });
  const peak = columns.reduce<number>((best, value, at) => ((value ?? -1) > (columns[best] ?? -1) ? at : best), 0);
  const highest = `Highest: ${exactly(columns[peak] ?? null)} at ${name(peak)}.`;
  if (!isStack)
    return `${title}: ${series.map(({ label }) => label).join(", ")}; ${when}. ${series[0]?.label ?? ""} ${highest}`;
  const sums = series.map((one) => ({ label: one.label, sum: sumOf(one.values) ?? 0 }));
  const total = sums.reduce((sum, one) => sum + one.sum, 0);
  const largest = sums.toSorted((a, b) => b.sum - a.sum)[0];
  const share =
    largest && total > 0 && series.length > 1 ? ` Largest: ${largest.label}, ${formatShare(largest.sum / total)}.` : "";
  return `${title}: ${exactly(total)} in ${when}. ${highest}${share}`;
}
