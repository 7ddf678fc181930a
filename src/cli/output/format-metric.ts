import { metricRow, type Metric } from "../../store/schema/metrics.ts";

// Formats metrics for a terminal. An unknown value is a dash, never a zero.

export const UNKNOWN = "—";

export function metricHeading(metric: Metric): string {
  return metricRow(metric).heading;
}

export function formatMetric(metric: Metric, value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  switch (metricRow(metric).unit) {
    case "usd":
      return formatDollars(value);
    case "share":
      return `${(value * 100).toFixed(1)} %`;
    case "milliseconds":
      return milliseconds(value);
    case "tokens_per_second":
      return value.toFixed(value < 10 ? 1 : 0);
    case "tokens":
      return abbreviate(value);
    case "count":
      return value.toLocaleString("en-US");
  }
}

/** `$0.0042`, `$12.34`, `$12,340`. */
export function formatDollars(usd: number): string {
  if (usd === 0) return "$0";
  const size = Math.abs(usd);
  if (size < 0.01) return `$${usd.toPrecision(2)}`;
  if (size < 1000) return `$${usd.toFixed(2)}`;
  return `$${Math.round(usd).toLocaleString("en-US")}`;
}

function milliseconds(value: number): string {
  if (value < 1000) return `${Math.round(value)} ms`;
  return value < 60_000 ? `${(value / 1000).toFixed(1)} s` : `${(value / 60_000).toFixed(1)} min`;
}

/** `950`, `12.3 k`, `1.23 M`. */
function abbreviate(value: number): string {
  const units = [
    [1e12, " T"],
    [1e9, " G"],
    [1e6, " M"],
    [1e4, " k"],
  ] as const;
  const unit = units.find(([from]) => Math.abs(value) >= from);
  if (unit === undefined) return value.toLocaleString("en-US");
  const scaled = value / (unit[1] === " k" ? 1e3 : unit[0]);
  return `${scaled.toPrecision(3)}${unit[1]}`;
}

/** The change against the previous period: `+12 %`, `new`; empty if either value is unknown. */
export function formatChange(now: number | null | undefined, before: number | null | undefined): string {
  if (now === null || now === undefined || before === null || before === undefined) return "";
  if (before === 0) return now === 0 ? "" : "new";
  const percent = ((now - before) / before) * 100;
  const text = Math.abs(percent) >= 1000 ? `${(now / before).toFixed(0)}×` : `${percent.toFixed(0)} %`;
  return percent > 0 ? `+${text}` : text.replace("-", "−");
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of at most `width` characters for a share from 0 to 1. */
export function shareBar(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}

const HEIGHTS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** A line of small bars; an unknown value is a space. */
export function sparkline(values: readonly (number | null)[]): string {
  const highest = Math.max(0, ...values.filter((value) => value !== null));
  return values
    .map((value) => {
      if (value === null) return " ";
      return highest === 0 ? HEIGHTS[0] : HEIGHTS[Math.min(7, Math.floor((value / highest) * 7.999))];
    })
    .join("");
}
