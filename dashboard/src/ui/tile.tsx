import type { ComponentChildren, JSX } from "preact";
import type { Answer, Metric } from "../../../src/admin/api/contract.ts";
import { Sparkline } from "../chart/sparkline.tsx";
import { metricLook } from "../format/metric.ts";
import { isKnown } from "../format/number.ts";
import { Delta } from "./delta.tsx";
import { Skeleton } from "./state.tsx";

interface TileProps {
  readonly label: string;
  readonly metric: Metric;
  readonly answer: Answer | undefined;
  /** Describes the filters of the number. */
  readonly subtitle: ComponentChildren;
  /** The reason if there is no number. */
  readonly unknown: string;
  readonly isChosen?: boolean;
  readonly onChoose?: () => void;
}

/** One number with its course and its change from the previous period. */
export function Tile({ label, metric, answer, subtitle, unknown, isChosen, onChoose }: TileProps): JSX.Element {
  const look = metricLook(metric);
  const value = answer?.totals.total[metric];
  const partialAt = answer?.partialFrom ? answer.buckets.indexOf(answer.partialFrom) : -1;
  return (
    <article class={`tile ${isChosen ? "chosen" : ""}`} aria-busy={answer === undefined}>
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
        {answer === undefined ? <Skeleton width="60%" height={26} /> : look.format(value)}
      </div>
      <div class="tile-change">
        {answer === undefined ? <Skeleton width="40%" /> : <Delta series={answer.totals} metric={metric} isLong />}
      </div>
      <div class="tile-spark">
        {answer && (
          <Sparkline values={answer.totals.points[metric] ?? []} partialAt={partialAt < 0 ? undefined : partialAt} />
        )}
      </div>
      <p class="tile-subtitle">{answer !== undefined && !isKnown(value) ? unknown : subtitle}</p>
    </article>
  );
}
