import type { JSX } from "preact";
import type { QueryResponse, Filter, Metric } from "../../../src/admin/api/contract.ts";
import { addFilters } from "../data/url-state.ts";
import { metricLook } from "../format/metric.ts";
import { isKnown } from "../format/number.ts";

interface HeatMapProps {
  readonly title: string;
  /** Grouped by weekday and hour. */
  readonly result: QueryResponse;
  readonly metric: Metric;
}

const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const hours = Array.from({ length: 24 }, (_, hour) => hour);
const STEPS = 8;

const only = (dimension: "weekday" | "hour", value: number): Filter => ({
  dimension,
  op: "is",
  values: [String(value)],
});

/** Hours by weekday as a table with shaded cells, so that chart and numbers are the same element. */
export function HeatMap({ title, result, metric }: HeatMapProps): JSX.Element {
  const look = metricLook(metric);
  const cells = new Map(
    result.series.map(({ key, total }) => [`${Number(key[0])} ${Number(key[1])}`, total[metric] ?? null]),
  );
  const max = Math.max(0, ...[...cells.values()].filter(isKnown));
  const step = (value: number | null): number => (!isKnown(value) || max === 0 ? 0 : Math.ceil((value / max) * STEPS));
  return (
    <div class="heat-box" tabIndex={0} role="group" aria-label={`${title} by weekday and hour`}>
      <table class="heat">
        <caption class="visually-hidden">{title} by weekday and hour</caption>
        <thead>
          <tr>
            <td />
            {hours.map((hour) => (
              <th key={hour} scope="col">
                <span class={hour % 3 === 0 ? "" : "visually-hidden"}>{String(hour).padStart(2, "0")}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {days.map((day, at) => (
            <tr key={day}>
              <th scope="row">{day}</th>
              {hours.map((hour) => {
                const value = cells.get(`${at + 1} ${hour}`) ?? null;
                const text = `${day} ${String(hour).padStart(2, "0")}:00, ${look.exactly(value)}`;
                return (
                  <td
                    key={hour}
                    onClick={() => addFilters([only("weekday", at + 1), only("hour", hour)])}
                    class={`heat-${step(value)}`}
                    title={text}
                  >
                    <span class="visually-hidden">{look.exactly(value)}</span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <div class="heat-scale" aria-hidden="true">
        <span>0</span>
        {Array.from({ length: STEPS + 1 }, (_, one) => (
          <span key={one} class={`heat-step heat-${one}`} />
        ))}
        <span>{look.format(max)}</span>
      </div>
    </div>
  );
}
