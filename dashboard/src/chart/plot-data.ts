import type { AlignedData } from "uplot";
import type { ChartFrame, ChartSeries } from "./chart-series.ts";
import { sumOf } from "./chart-series.ts";

export type ChartKind = "bar" | "area" | "line";

/** The start of each bucket in seconds, and the end of the last one. */
export function edgesOf(frame: ChartFrame): number[] {
  const starts = frame.buckets.map((start) => Date.parse(start) / 1000);
  const last = starts.at(-1) ?? 0;
  const width = last - (starts.at(-2) ?? last - 3600);
  return [...starts, Math.max(last + width, 0)];
}

/** Places points in the middle of their buckets, for bars and lines alike, so that the crosshairs of all charts agree. */
export function plotData(frame: ChartFrame, series: readonly ChartSeries[], kind: ChartKind): AlignedData {
  const edges = edgesOf(frame);
  const middles = frame.buckets.map((_, at) => ((edges[at] ?? 0) + (edges[at + 1] ?? 0)) / 2);
  const previous = previousOf(series, kind);
  const own = kind === "line" ? series.map(({ values }) => [...values]) : stacked(series, middles.length);
  return [middles, ...own, ...previous.map((values) => [...values])];
}

/** Adds each layer to those below it. The first series is at the bottom; the highest sum is drawn first, the others over it. */
function stacked(series: readonly ChartSeries[], length: number): (number | null)[][] {
  const sums = Array.from({ length }, () => 0);
  const layers = series.map(({ values }) => sums.map((sum, at) => (sums[at] = sum + (values[at] ?? 0))));
  return layers.toReversed();
}

/** Compares the sum of a stack, and each line by itself. */
export function previousOf(series: readonly ChartSeries[], kind: ChartKind): (readonly (number | null)[])[] {
  const known = series.flatMap(({ previous }) => (previous === undefined ? [] : [previous]));
  if (known.length === 0 || kind === "line") return known;
  const length = Math.max(...known.map((values) => values.length));
  return [Array.from({ length }, (_, at) => sumOf(known.map((values) => values[at] ?? null)))];
}
