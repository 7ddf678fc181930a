import type { JSX } from "preact";
import { Store, useStore } from "../data/store.ts";
import { scopeParams, useUrlState, withChanges } from "../data/url-state.ts";
import { formatBucket } from "../format/moment.ts";
import { Link } from "../ui/link.tsx";
import type { ChartFrame, ChartSeries } from "./chart-series.ts";
import { edgesOf } from "./plot-data.ts";

/** Whether charts show their numbers as tables too; the key `t` switches it. */
export const areTablesShown = new Store(false);

interface ChartTableProps {
  readonly caption: string;
  readonly frame: ChartFrame;
  readonly series: readonly ChartSeries[];
  readonly exactly: (value: number | null) => string;
}

/** The numbers of a chart, always present for screen readers. */
export function ChartTable({ caption, frame, series, exactly }: ChartTableProps): JSX.Element {
  const isShown = useStore(areTablesShown);
  const table = (
    <table class="plain-table">
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {series.map(({ name, label }) => (
            <th key={name} scope="col" class="end">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {frame.buckets.map((start, at) => (
          <tr key={start}>
            <th scope="row">
              <RowTitle frame={frame} at={at} isShown={isShown} />
              {frame.partialFrom !== null && start >= frame.partialFrom && " (in progress)"}
            </th>
            {series.map(({ name, values }) => (
              <td key={name} class="end">
                {exactly(values[at] ?? null)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
  if (!isShown) return <div class="visually-hidden">{table}</div>;
  return (
    <div class="chart-table" tabIndex={0} role="group" aria-label={caption}>
      {table}
    </div>
  );
}

interface RowTitleProps {
  readonly frame: ChartFrame;
  readonly at: number;
  readonly isShown: boolean;
}

/** Links a bucket to its requests. A hidden table must not take the focus. */
function RowTitle({ frame, at, isShown }: RowTitleProps): JSX.Element {
  const { params } = useUrlState();
  const text = formatBucket(frame.buckets[at] ?? "", frame.bucket, frame.tz);
  if (!isShown) return <>{text}</>;
  const edges = edgesOf(frame);
  const [from = null, to = null] = [edges[at] ?? 0, edges[at + 1] ?? 0].map((edge) =>
    new Date(edge * 1000).toISOString(),
  );
  return (
    <Link page="requests" params={withChanges(scopeParams(params), { from, to })} title="Show requests">
      {text}
    </Link>
  );
}
