import uPlot from "uplot";
import type { ChartFrame, ChartSeries } from "./chart-series.ts";
import { mixColors, resolveColor } from "./canvas-color.ts";
import { edgesOf, previousOf, type ChartKind } from "./plot-data.ts";

export interface PlotSettings {
  readonly frame: ChartFrame;
  readonly series: readonly ChartSeries[];
  readonly kind: ChartKind;
  readonly format: (value: number | null) => string;
  readonly size: { readonly width: number; readonly height: number };
  readonly onCursor: (plot: uPlot) => void;
  readonly onSelect: (from: number, to: number) => void;
}

const FONT = '11px Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const DAY_S = 86_400;

export function plotOptions(settings: PlotSettings): uPlot.Options {
  const { frame, size, format } = settings;
  const text = resolveColor("--text-muted");
  const edges = edgesOf(frame);
  const axis = { stroke: text, font: FONT, ticks: { show: false } };
  return {
    ...size,
    padding: [12, 4, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), frame.tz),
    legend: { show: false },
    cursor: {
      y: false,
      sync: { key: "lmgate" },
      drag: { x: true, y: false, setScale: false },
      points: { show: settings.kind !== "bar", size: 7, width: 2 },
    },
    scales: {
      x: { time: true, range: () => [edges[0] ?? 0, edges.at(-1) ?? 1] },
      y: { range: (_, __, max) => [0, max > 0 ? niceMaximum(max) : 1] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 72, gap: 6, size: 28, ...timeAxis(frame) },
      {
        ...axis,
        grid: { stroke: resolveColor("--grid"), width: 1 },
        border: { show: false },
        space: 44,
        gap: 8,
        // uPlot passes null before a scale exists.
        size: (_, values: readonly string[] | null) =>
          16 + 6.4 * Math.max(3, ...(values ?? []).map(({ length }) => length)),
        values: (_, splits) => splits.map((split) => shortened(format(split))),
      },
    ],
    series: [{}, ...plotSeries(settings)],
    hooks: {
      setCursor: [settings.onCursor],
      setSelect: [(plot) => select(plot, edges, settings.onSelect)],
      draw: [(plot) => hatch(plot, frame)],
    },
  };
}

function plotSeries({ series, kind, frame, size }: PlotSettings): uPlot.Series[] {
  const surface = resolveColor("--surface");
  const isWide = size.width / Math.max(1, frame.buckets.length) > 8;
  const own = (kind === "line" ? series : series.toReversed()).map(({ color, dash }): uPlot.Series => {
    const stroke = resolveColor(color);
    if (kind === "bar") {
      const paths = uPlot.paths.bars?.({ size: [0.78, 44], radius: 0 });
      return {
        fill: stroke,
        stroke: surface,
        width: isWide ? 1 : 0,
        points: { show: false },
        ...(paths ? { paths } : {}),
      };
    }
    const fill = kind === "area" ? { fill: mixColors(stroke, surface, 0.32) } : {};
    return {
      stroke,
      width: 1.75,
      points: { show: true, size: 5, fill: stroke, filter: lonely },
      ...(dash ? { dash: [...dash] } : {}),
      ...fill,
    };
  });
  const before = previousOf(series, kind).map((_, at): uPlot.Series => {
    const stroke = kind === "line" ? resolveColor(series[at]?.color ?? "--text") : resolveColor("--text");
    return { stroke, width: 1.5, dash: [4, 4], points: { show: false } };
  });
  return [...own, ...before];
}

/** Rounds up so that the highest point does not touch the frame. */
function niceMaximum(max: number): number {
  const power = 10 ** Math.floor(Math.log10(max * 1.06));
  const steps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return (steps.find((step) => step * power >= max * 1.06) ?? 10) * power;
}

/** Shortens axis labels: "$6.00" becomes $6 and "2.50 s" becomes 2.5 s; "$1.50" stays. */
function shortened(text: string): string {
  const whole = text.replace(/\.0+(?=\D|$)/, "");
  return whole.startsWith("$") ? whole : whole.replace(/(\.\d*[1-9])0+(?=\D|$)/, "$1");
}

/** Finds points without a known neighbor, which no line would reach. */
const lonely: uPlot.Series.Points.Filter = (plot, at) => {
  const values = plot.data[at] ?? [];
  const isKnown = (index: number): boolean => typeof values[index] === "number";
  return [...values.keys()].filter((index) => isKnown(index) && !isKnown(index - 1) && !isKnown(index + 1));
};

const DAYS: readonly string[] = ["1d", "1w", "1mo"];
const EDGE_PX = 22;

/** Labels days under their bars, and hours where they begin. */
function timeAxis(frame: ChartFrame): Pick<uPlot.Axis, "splits" | "values"> {
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: frame.tz, day: "numeric", month: "short" });
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: frame.tz,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  if (DAYS.includes(frame.bucket)) {
    const edges = edgesOf(frame);
    const middles = frame.buckets.map((_, at) => ((edges[at] ?? 0) + (edges[at + 1] ?? 0)) / 2);
    const label = (middle: number): string => {
      const start = frame.buckets[middles.indexOf(middle)];
      return start === undefined ? "" : day.format(new Date(start));
    };
    return {
      splits: (plot) => {
        const every = Math.ceil(middles.length / Math.max(1, Math.floor(plot.bbox.width / devicePixelRatio / 72)));
        return middles.filter((_, at) => (middles.length - 1 - at) % every === 0);
      },
      values: (_, splits) => splits.map(label),
    };
  }
  return {
    values: (plot, splits) => {
      const isLong = (splits[1] ?? 0) - (splits[0] ?? 0) >= DAY_S;
      const width = plot.bbox.width / devicePixelRatio;
      return splits.map((split) => {
        const left = plot.valToPos(split, "x");
        // A label at the edge would be cut off.
        if (left > width - EDGE_PX + 8) return "";
        const time = clock.format(split * 1000);
        return isLong || time === "00:00" ? day.format(split * 1000) : time;
      });
    },
  };
}

/** Turns a drag into a range of whole buckets. */
function select(plot: uPlot, edges: readonly number[], onSelect: PlotSettings["onSelect"]): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  const from = plot.posToVal(left, "x");
  const to = plot.posToVal(left + width, "x");
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  const start = edges.findLast((edge) => edge <= from) ?? edges[0] ?? 0;
  const end = edges.find((edge) => edge >= to) ?? edges.at(-1) ?? 0;
  if (end > start) onSelect(start, end);
}

/** Hatches the part that is still growing, so that its low bars are not taken for a drop. */
function hatch(plot: uPlot, { partialFrom }: ChartFrame): void {
  if (partialFrom === null) return;
  const { ctx, bbox } = plot;
  const left = Math.max(bbox.left, plot.valToPos(Date.parse(partialFrom) / 1000, "x", true));
  const right = bbox.left + bbox.width;
  if (right - left < 2) return;
  const gap = 6 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.beginPath();
  for (let x = left - bbox.height; x < right; x += gap) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.strokeStyle = resolveColor("--hatch");
  ctx.stroke();
  ctx.restore();
}
