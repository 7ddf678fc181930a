import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { QueryResponse, Filter } from "../../../src/admin/api/contract.ts";
import { frameOf, seriesOf } from "../chart/chart-series.ts";
import { HeatMap } from "../chart/heat-map.tsx";
import { TimeChart } from "../chart/time-chart.tsx";
import { useUsage, type UsageRequest } from "../data/use-usage.ts";
import type { Scope } from "../data/url-state.ts";
import { dimensionLabel } from "../format/dimension.ts";
import { metricLook } from "../format/metric.ts";
import { Panel } from "../ui/panel.tsx";
import { Failure, Skeleton } from "../ui/state.tsx";
import { describeScope } from "../ui/filter-label.ts";
import { isSameKey, MAX_PICKS, type Exploration } from "./view.ts";

interface ExploreChartProps {
  readonly scope: Scope;
  readonly exploration: Exploration;
}

const HEIGHT = 300;

export function ExploreChart({ scope, exploration }: ExploreChartProps): JSX.Element {
  const { by, metric, view, picks } = exploration;
  const look = metricLook(metric);
  const { data, error, isLoading, reload } = useUsage(scope, askFor(scope, exploration));
  const isHeat = view === "heat";
  const title = isHeat
    ? `${look.label} by weekday and hour`
    : `${look.label} by ${by.map((one) => dimensionLabel(one).toLowerCase()).join(" and ")}`;
  const subtitle =
    !isHeat && picks.length > 0 ? `${picks.length} selected · ${describeScope(scope)}` : describeScope(scope);
  // Until the next response arrives, the data belongs to the query before.
  const isFitting = data !== undefined && data.query.metrics[0] === metric && isHeat === (data.query.bucket === "none");
  return (
    <Panel title={title} subtitle={subtitle} isLoading={isLoading && data !== undefined} error={data && error}>
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && !isFitting && <Skeleton height={HEIGHT + 26} />}
      {isFitting && isHeat && <HeatMap title={look.label} result={data} metric={metric} />}
      {isFitting && !isHeat && <Lines title={title} data={data} exploration={exploration} />}
    </Panel>
  );
}

function askFor(scope: Scope, { by, metric, view, picks }: Exploration): UsageRequest {
  if (view === "heat") return { metrics: [metric], groupBy: ["weekday", "hour"], bucket: "none", limit: 168 };
  const filters = by.map((dimension, at): Filter => {
    return { dimension, op: "is", values: [...new Set(picks.map((pick) => pick[at] ?? null))] };
  });
  const order = metricLook(metric).adds ? {} : { order: "-requests" };
  return {
    metrics: [metric],
    groupBy: by,
    compare: scope.compare,
    limit: picks.length > 0 ? MAX_PICKS ** by.length : MAX_PICKS - 1,
    ...(picks.length > 0 ? { filters } : {}),
    ...order,
  };
}

interface LinesProps {
  readonly title: string;
  readonly data: QueryResponse;
  readonly exploration: Exploration;
}

function Lines({ title, data, exploration }: LinesProps): JSX.Element {
  const { metric, view, picks } = exploration;
  const look = metricLook(metric);
  const drawn = useMemo(() => {
    const picked = data.series.filter(({ key, other }) => !other && picks.some((pick) => isSameKey(pick, key)));
    return { frame: frameOf(data), series: seriesOf(picks.length === 0 ? data : { ...data, series: picked }, metric) };
  }, [data, metric, JSON.stringify(picks)]);
  // Averages and percentiles cannot be stacked, and compared groups start from one baseline.
  const kind = view === "heat" || !look.adds || (picks.length > 0 && view === "bar") ? "line" : view;
  return <TimeChart title={title} {...drawn} kind={kind} format={look.format} exactly={look.exactly} height={HEIGHT} />;
}
