import type { Metric } from "../../../src/admin/api/contract.ts";
import { isMetric as isMetricName, metricRow, type MetricRow } from "../../../src/store/schema/metrics.ts";
import {
  formatCost,
  formatCostExactly,
  formatCount,
  formatCountExactly,
  formatDuration,
  formatRate,
  formatShare,
} from "./number.ts";

type Formatter = (value: number | null | undefined) => string;

/** The label and format of a metric, and whether a rise is good or bad. */
export interface MetricLook {
  readonly label: string;
  readonly format: Formatter;
  readonly exactly: Formatter;
  /** Parts add up to the whole, so they can be stacked and shown as shares. */
  readonly adds: boolean;
  readonly rise: "good" | "bad" | "neutral";
}

const cost = { format: formatCost, exactly: formatCostExactly, adds: true };
const count = { format: formatCount, exactly: formatCountExactly, adds: true };

const formats: Readonly<Record<MetricRow["unit"], Pick<MetricLook, "format" | "exactly" | "adds">>> = {
  usd: cost,
  count,
  tokens: count,
  share: { format: formatShare, exactly: formatShare, adds: false },
  milliseconds: { format: formatDuration, exactly: formatDuration, adds: false },
  tokens_per_second: { format: formatRate, exactly: formatRate, adds: false },
};

export function metricLook(metric: Metric): MetricLook {
  const { label, rise, unit } = metricRow(metric);
  return { label, rise, ...formats[unit] };
}

export function isMetric(text: string | null | undefined): text is Metric {
  return text !== null && text !== undefined && isMetricName(text);
}
