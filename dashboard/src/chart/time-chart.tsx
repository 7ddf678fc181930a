import type { JSX } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { colorsChanged } from "../data/theme.ts";
import { setRange } from "../data/url-state.ts";
import { useStore } from "../data/store.ts";
import type { ChartFrame, ChartSeries } from "./chart-series.ts";
import { ChartMenu, type MenuPlace } from "./chart-menu.tsx";
import { ChartTable } from "./chart-table.tsx";
import { Legend } from "./legend.tsx";
import { edgesOf, plotData, type ChartKind } from "./plot-data.ts";
import { plotOptions } from "./plot-options.ts";
import { describeChart } from "./summary.ts";
import { Tooltip } from "./tooltip.tsx";

interface TimeChartProps {
  readonly title: string;
  readonly frame: ChartFrame;
  readonly series: readonly ChartSeries[];
  readonly kind: ChartKind;
  /** Short form for the axis. */
  readonly format: (value: number | null) => string;
  /** Full form for tooltip and table. */
  readonly exactly: (value: number | null) => string;
  readonly height?: number;
}

/** A chart over time with a shared crosshair, drag to zoom, a legend, a menu for each point, and a table. */
export function TimeChart({ height = 264, ...props }: TimeChartProps): JSX.Element {
  const { title, frame, series, kind, exactly } = props;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  const shown = useMemo(() => series.filter(({ name }) => !hidden.has(name)), [series, hidden]);
  const isStack = kind !== "line";
  const { box, cursor } = usePlot({ ...props, series: shown, height });
  const summaryId = useId();
  // A drag also ends with a click; by then the range has changed, or nothing was selected.
  const openMenu = (event: MouseEvent): void => {
    const isOnPlot = event.target instanceof Element && event.target.closest(".u-over") !== null;
    if (cursor === null || menu !== null || !isOnPlot || wasDragged.current) return;
    event.preventDefault();
    setMenu({ at: cursor.at, left: cursor.left });
  };
  const pressedAt = useRef(0);
  const wasDragged = useRef(false);
  return (
    <figure class="chart" aria-labelledby={summaryId}>
      <figcaption id={summaryId} class="visually-hidden">
        {describeChart({ title, frame, series: shown, isStack, exactly })}
      </figcaption>
      <div
        class="plot-box"
        style={{ height: `${height}px` }}
        onContextMenu={openMenu}
        onClick={openMenu}
        onMouseDown={(event) => {
          pressedAt.current = event.clientX;
          wasDragged.current = false;
        }}
        onMouseUp={(event) => {
          wasDragged.current = Math.abs(event.clientX - pressedAt.current) > 3;
        }}
      >
        <div ref={box} class="plot" aria-hidden="true" />
        {cursor !== null && menu === null && (
          <Tooltip frame={frame} series={shown} at={cursor.at} isStack={isStack} exactly={exactly} left={cursor.left} />
        )}
        {menu !== null && <ChartMenu frame={frame} series={shown} place={menu} onClose={() => setMenu(null)} />}
      </div>
      <Legend
        series={series}
        hidden={hidden}
        onChange={setHidden}
        hasPrevious={series.some(({ previous }) => previous !== undefined)}
        hasPartial={frame.partialFrom !== null}
      />
      <ChartTable caption={title} frame={frame} series={shown} exactly={exactly} />
    </figure>
  );
}

interface Plotted {
  readonly box: { readonly current: HTMLDivElement | null };
  readonly cursor: MenuPlace | null;
}

/** Creates the chart again only when its options change; new data goes into the existing one. */
function usePlot({ frame, series, kind, format, height }: TimeChartProps & { readonly height: number }): Plotted {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [cursor, setCursor] = useState<MenuPlace | null>(null);
  const colors = useStore(colorsChanged);
  const edges = edgesOf(frame);
  // The inputs of the options, without the data.
  const shape = JSON.stringify([
    kind,
    frame.tz,
    frame.bucket,
    edges[0],
    edges.at(-1),
    frame.partialFrom,
    colors,
    height,
  ]);
  const names = JSON.stringify(series.map(({ name, color, previous }) => [name, color, previous !== undefined]));

  useEffect(() => {
    const host = box.current;
    if (host === null) return undefined;
    const follow = ({ cursor: { idx, left = -1 }, bbox }: uPlot): void => {
      if (idx === null || idx === undefined || left < 0) return setCursor(null);
      const edge = bbox.left / devicePixelRatio;
      return setCursor({ at: idx, left: left + edge });
    };
    const zoom = (from: number, to: number): void => {
      setRange({ from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString() });
    };
    const size = { width: host.clientWidth, height };
    const settings = { frame, series, kind, format, size, onCursor: follow, onSelect: zoom };
    const made = new uPlot(plotOptions(settings), plotData(frame, series, kind), host);
    plot.current = made;
    const watch = new ResizeObserver(() => {
      if (host.clientWidth > 0 && host.clientWidth !== made.width) made.setSize({ width: host.clientWidth, height });
    });
    watch.observe(host);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, names]);
  useEffect(() => plot.current?.setData(plotData(frame, series, kind)), [frame, series, kind]);
  return { box, cursor };
}
