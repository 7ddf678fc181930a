import type { JSX } from "preact";
import { formatBucket } from "../format/moment.ts";
import { formatShare, isKnown } from "../format/number.ts";
import { usePlacement } from "./use-placement.ts";
import type { ChartFrame, ChartSeries } from "./chart-series.ts";
import { sumOf } from "./chart-series.ts";

interface TooltipProps {
  readonly frame: ChartFrame;
  readonly series: readonly ChartSeries[];
  readonly at: number;
  /** The series are parts of a whole, so shares and a sum make sense. */
  readonly isStack: boolean;
  readonly exactly: (value: number | null) => string;
  readonly left: number;
}

const ROWS = 10;

/** The exact values of one bucket, largest first. */
export function Tooltip({ frame, series, at, isStack, exactly, left }: TooltipProps): JSX.Element {
  const box = usePlacement(left, 14);
  const start = frame.buckets[at] ?? "";
  const total = isStack ? sumOf(series.map(({ values }) => values[at] ?? null)) : null;
  const rows = series
    .map((one) => ({ ...one, value: one.values[at] ?? null }))
    .filter(({ value }) => !isStack || (isKnown(value) && value > 0))
    .toSorted((a, b) => (b.value ?? -1) - (a.value ?? -1));
  const before = sumOf(series.map(({ previous }) => previous?.[at] ?? null));
  const isPartial = frame.partialFrom !== null && start >= frame.partialFrom;
  return (
    <div ref={box} class="tooltip" aria-hidden="true">
      <div class="tooltip-head">
        {formatBucket(start, frame.bucket, frame.tz)}
        {isPartial && <span class="tooltip-partial">in progress</span>}
      </div>
      {rows.slice(0, ROWS).map(({ name, label, color, value, previous }) => (
        <div class="tooltip-row" key={name}>
          <span class="swatch" style={{ background: `var(${color})` }} />
          <span class="tooltip-label">{label}</span>
          <span class="tooltip-value">{exactly(value)}</span>
          {isStack && series.length > 1 && <span class="tooltip-share">{share(value, total)}</span>}
          {!isStack && previous !== undefined && <span class="tooltip-share">was {exactly(previous[at] ?? null)}</span>}
        </div>
      ))}
      {rows.length > ROWS && <div class="tooltip-more">{rows.length - ROWS} more</div>}
      {isStack && (series.length > 1 || rows.length === 0) && (
        <div class="tooltip-row total">
          <span class="tooltip-label">Total</span>
          <span class="tooltip-value">{exactly(total ?? 0)}</span>
          {series.length > 1 && <span class="tooltip-share" />}
        </div>
      )}
      {isStack && before !== null && (
        <div class="tooltip-row">
          <span class="tooltip-label">Previous period</span>
          <span class="tooltip-value">{exactly(before)}</span>
          {series.length > 1 && <span class="tooltip-share" />}
        </div>
      )}
    </div>
  );
}

const share = (value: number | null, total: number | null): string =>
  formatShare(isKnown(value) && isKnown(total) && total > 0 ? value / total : null);
