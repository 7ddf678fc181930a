import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { addFilters, go, scopeParams, setRange, useUrlState, withChanges } from "../data/url-state.ts";
import { formatBucket } from "../format/moment.ts";
import { Icon } from "../ui/icon.tsx";
import { usePlacement } from "./use-placement.ts";
import type { ChartFrame, ChartSeries } from "./chart-series.ts";
import { edgesOf } from "./plot-data.ts";

export interface MenuPlace {
  readonly at: number;
  readonly left: number;
}

interface ChartMenuProps {
  readonly frame: ChartFrame;
  readonly series: readonly ChartSeries[];
  readonly place: MenuPlace;
  readonly onClose: () => void;
}

const GROUPS = 5;

/** The menu of one bucket of a chart: show its requests, zoom in, or filter by one of its groups. */
export function ChartMenu({ frame, series, place, onClose }: ChartMenuProps): JSX.Element {
  const { params } = useUrlState();
  const root = usePlacement(place.left, 0);
  const edges = edgesOf(frame);
  const [from, to] = [edges[place.at] ?? 0, edges[place.at + 1] ?? 0].map((edge) =>
    new Date(edge * 1000).toISOString(),
  );
  useEffect(() => {
    root.current?.querySelector("button")?.focus();
    const look = (event: Event): void => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) onClose();
    };
    document.addEventListener("pointerdown", look);
    return () => document.removeEventListener("pointerdown", look);
  }, []);
  if (from === undefined || to === undefined) return <></>;
  const showRequests = (): void => {
    onClose();
    go("requests", withChanges(scopeParams(params), { from, to }));
  };
  const zoom = (): void => {
    onClose();
    setRange({ from, to });
  };
  return (
    <div
      ref={root}
      class="chart-menu popover"
      role="group"
      aria-label="Actions for this point"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <div class="menu-title">{formatBucket(frame.buckets[place.at] ?? "", frame.bucket, frame.tz)}</div>
      <button type="button" class="choice" onClick={showRequests}>
        <Icon name="requests" /> Show requests
      </button>
      <button type="button" class="choice" onClick={zoom}>
        <Icon name="search" /> Zoom in
      </button>
      <Groups series={series} at={place.at} onClose={onClose} />
    </div>
  );
}

interface GroupsProps {
  readonly series: readonly ChartSeries[];
  readonly at: number;
  readonly onClose: () => void;
}

/** The largest groups of the bucket; selecting one filters by it. */
function Groups({ series, at, onClose }: GroupsProps): JSX.Element {
  const value = (one: ChartSeries): number => one.values[at] ?? 0;
  const groups = series
    .filter((one) => one.filters !== undefined && one.filters.length > 0 && value(one) > 0)
    .toSorted((a, b) => value(b) - value(a));
  return (
    <>
      {groups.slice(0, GROUPS).map(({ name, label, color, filters = [] }) => (
        <button
          key={name}
          type="button"
          class="choice"
          onClick={() => {
            onClose();
            addFilters(filters);
          }}
        >
          <span class="choice-mark">
            <span class="swatch" style={{ background: `var(${color})` }} />
          </span>
          <span class="choice-text">Only {label}</span>
        </button>
      ))}
    </>
  );
}
