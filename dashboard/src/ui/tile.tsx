import type { ComponentChildren, JSX } from "preact";
import type { QueryResponse, Metric } from "../../../src/admin/api/contract.ts";
import { Sparkline } from "../chart/sparkline.tsx";
import { metricLook } from "../format/metric.ts";
import { isKnown } from "../format/number.ts";
import { Delta } from "./delta.tsx";
import { Skeleton } from "./state.tsx";

interface TileProps {
  readonly label: string;
  readonly metric: Metric;
  readonly result: QueryResponse | undefined;
  /** Describes the filters of the number. */
  readonly subtitle: ComponentChildren;
  /** The reason if there is no number. */
  readonly unknown: string;
  readonly isChosen?: boolean;
  readonly onChoose?: () => void;
}

/** One number with its course and its change from the previous period. */
export function Tile({ label, metric, result, subtitle, unknown, isChosen, onChoose }: TileProps): JSX.Element {
  const look = metricLook(metric);
  const value = result?.totals.total[metric];
  const partialAt = result?.partialFrom ? result.buckets.indexOf(result.partialFrom) : -1;
  return (
    <article class={`tile ${isChosen ? "chosen" : ""}`} aria-busy={result === undefined}>
      <h2 class="tile-label">
        {onChoose ? (
          <button type="button" aria-pressed={isChosen ?? false} onClick={onChoose}>
            {label}
          </button>
        ) : (
          label
        )}
      </h2>
      <div class="tile-value" title={isKnown(value) ? look.exactly(value) : unknown}>
        {result === undefined ? <Skeleton width="60%" height={26} /> : look.format(value)}
      </div>
      <div class="tile-change">
        {result === undefined ? <Skeleton width="40%" /> : <Delta series={result.totals} metric={metric} isLong />}
      </div>
      <div class="tile-spark">
        {result && (
          <Sparkline values={result.totals.points[metric] ?? []} partialAt={partialAt < 0 ? undefined : partialAt} />
        )}
      </div>
      <p class="tile-subtitle">{result !== undefined && !isKnown(value) ? unknown : subtitle}</p>
    </article>
  );
}
