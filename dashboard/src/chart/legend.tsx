import type { JSX } from "preact";
import type { ChartSeries } from "./chart-series.ts";

interface LegendProps {
  readonly series: readonly ChartSeries[];
  readonly hidden: ReadonlySet<string>;
  readonly onChange: (hidden: ReadonlySet<string>) => void;
  readonly hasPrevious: boolean;
  /** The last bucket is still growing. */
  readonly hasPartial: boolean;
}

/** A click shows one series alone or all again; Alt-click hides it. */
export function Legend({ series, hidden, onChange, hasPrevious, hasPartial }: LegendProps): JSX.Element {
  const click = (name: string, isAlt: boolean): void => {
    const others = series.filter((other) => other.name !== name).map((other) => other.name);
    const isAlone = !hidden.has(name) && others.every((other) => hidden.has(other));
    if (isAlt) onChange(hidden.has(name) ? without(hidden, name) : new Set([...hidden, name]));
    else onChange(new Set(isAlone ? [] : others));
  };
  return (
    <div class="legend" role="group" aria-label="Series">
      {series.length > 1 &&
        series.map(({ name, label, color }) => (
          <button
            key={name}
            type="button"
            class="legend-item"
            aria-pressed={!hidden.has(name)}
            title={`${label}\nClick to show only this series. Alt-click to hide it.`}
            onClick={(event) => click(name, event.altKey)}
          >
            <span class="swatch" style={{ background: `var(${color})` }} />
            <span class="legend-label">{label}</span>
          </button>
        ))}
      {hasPrevious && (
        <span class="legend-item fixed">
          <span class="swatch dashed" />
          <span class="legend-label">Previous period</span>
        </span>
      )}
      {hasPartial && (
        <span class="legend-item fixed">
          <span class="swatch hatched" />
          <span class="legend-label">In progress</span>
        </span>
      )}
    </div>
  );
}

function without(hidden: ReadonlySet<string>, name: string): ReadonlySet<string> {
  return new Set([...hidden].filter((other) => other !== name));
}
