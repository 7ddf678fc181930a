import type { JSX } from "preact";
import type { Dimension } from "../../../src/admin/api/contract.ts";
import { metricNames } from "../../../src/store/schema/metrics.ts";
import { setParams } from "../data/url-state.ts";
import { dimensionLabel, dimensions } from "../format/dimension.ts";
import { metricLook } from "../format/metric.ts";
import { Segmented, Select } from "../ui/select.tsx";
import { setGrouping, views, type Exploration } from "./view.ts";

const metricOptions = metricNames.map((value) => ({ value, label: metricLook(value).label }));

/** The choice of groups, measures and chart type. */
export function ExploreControls({ exploration }: { readonly exploration: Exploration }): JSX.Element {
  const { by, metric, view } = exploration;
  const [first = "model", second] = by;
  return (
    <div class="explore-controls" role="group" aria-label="Exploration">
      <Select
        label="Metric"
        prefix="Show"
        value={metric}
        options={metricOptions}
        onChange={(value) => setParams({ metric: value, sort: null })}
      />
      <Select
        label="Group by"
        prefix="by"
        value={first}
        options={optionsFor(first)}
        onChange={(value) => setGrouping([value, ...(second === undefined || second === value ? [] : [second])])}
      />
      <Select
        label="Then by"
        prefix="then"
        value={second ?? "none"}
        options={[{ value: "none", label: "none" }, ...optionsFor(second).filter(({ value }) => value !== first)]}
        onChange={(value) => setGrouping(value === "none" ? [first] : [first, value])}
      />
      <span class="spring" />
      <Segmented
        label="Chart"
        value={view}
        options={views}
        onChange={(value) => setParams({ view: value === "bar" ? null : value })}
      />
    </div>
  );
}

/** A tag in the address is not part of the fixed list. */
function optionsFor(chosen: Dimension | undefined): { value: Dimension; label: string }[] {
  const all: Dimension[] = [...dimensions];
  if (chosen !== undefined && !all.includes(chosen)) all.push(chosen);
  return all.map((value) => ({ value, label: dimensionLabel(value) }));
}
