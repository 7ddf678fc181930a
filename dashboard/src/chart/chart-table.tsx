import type { JSX } from "preact";
import { Store, useStore } from "../data/store.ts";
import { formatBucket } from "../format/moment.ts";
import type { ChartFrame, ChartSeries } from "./chart-series.ts";

/** Whether charts show their numbers as tables too; the key `t` switches it. */
export const areTablesShown = new Store(false);

interface ChartTableProps {
  readonly caption: string;
  readonly frame: ChartFrame;
  readonly series: readonly ChartSeries[];
  readonly exactly: (value: number | null) => string;
}

/** The numbers of a chart. Always there for those who cannot see the picture. */
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
              {formatBucket(start, frame.bucket, frame.tz)}
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
