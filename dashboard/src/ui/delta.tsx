import type { JSX } from "preact";
import type { Metric, Series } from "../../../src/admin/api/contract.ts";
import { metricLook } from "../format/metric.ts";
import { changeOf, noChangeReason } from "../format/change.ts";
import { DASH, formatShare } from "../format/number.ts";
import { Icon } from "./icon.tsx";

interface DeltaProps {
  readonly series: Pick<Series, "total" | "previous">;
  readonly metric: Metric;
  /** Adds "vs previous", where there is room. */
  readonly isLong?: boolean;
}

/** Shows a change with an arrow, a word for screen readers and a color. */
export function Delta({ series, metric, isLong }: DeltaProps): JSX.Element {
  const change = changeOf(series, metric);
  const look = metricLook(metric);
  const before = series.previous?.[metric];
  if (change === null) {
    return (
      <span class="delta flat" title={noChangeReason(series, metric)}>
        {DASH}
        {isLong && " vs previous"}
      </span>
    );
  }
  const isFlat = Math.abs(change) < 0.0005;
  const isBad = look.rise === "neutral" ? undefined : (look.rise === "bad") === change > 0;
  // Changes below 1 % have no color.
  const mood = Math.abs(change) < 0.01 || isBad === undefined ? "flat" : isBad ? "bad" : "good";
  const text = Math.abs(change) > 9.99 ? `${(change + 1).toFixed(0)}×` : formatShare(Math.abs(change));
  return (
    <span class={`delta ${mood}`} title={`${look.exactly(before)} in the previous period`}>
      {!isFlat && <Icon name={change > 0 ? "up" : "down"} size={10} />}
      <span class="visually-hidden">{isFlat ? "unchanged" : change > 0 ? "up" : "down"} </span>
      {text}
      {isLong && <span class="delta-note"> vs previous</span>}
    </span>
  );
}
