import type { Summary } from "../statistics.ts";

/** Rounds a measured value to two or three significant digits. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  const digits = size >= 10 ? 1 : size >= 0.095 ? 2 : 3;
  return value.toFixed(digits).replace("-", "−");
}

export function summaryText(summary: Summary | undefined, scale = 1): string {
  if (summary === undefined) return "";
  const [median, low, high] = [summary.median, summary.low, summary.high].map((value) => numberText(value / scale));
  return `${median} (${low}–${high})`;
}
