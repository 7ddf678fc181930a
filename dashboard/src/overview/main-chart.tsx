import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Dimension, Metric } from "../../../src/admin/api/contract.ts";
import { frameOf, seriesOf } from "../chart/chart-series.ts";
import { TimeChart } from "../chart/time-chart.tsx";
import { useUsage } from "../data/use-usage.ts";
import { setParams, type Scope } from "../data/url-state.ts";
import { dimensionLabel } from "../format/dimension.ts";
import { metricLook } from "../format/metric.ts";
import { CoverageLine, UnpricedChip } from "../ui/coverage.tsx";
import { Panel } from "../ui/panel.tsx";
import { Segmented, Select } from "../ui/select.tsx";
import { Failure, Skeleton } from "../ui/state.tsx";
import { describeScope } from "../ui/filter-label.ts";

export const chartMetrics = [
  { value: "cost", label: "Cost" },
  { value: "total_tokens", label: "Tokens" },
  { value: "requests", label: "Requests" },
  { value: "errors", label: "Errors" },
  { value: "duration_p95", label: "Latency" },
  { value: "ttft_p95", label: "First token" },
] as const;

export type ChartMetric = (typeof chartMetrics)[number]["value"];

const groupings = [
  { value: "model", label: "Model" },
  { value: "owner", label: "Owner" },
  { value: "key", label: "Key" },
  { value: "provider", label: "Provider" },
  { value: "client_app", label: "Client app" },
  { value: "operation", label: "Operation" },
  { value: "status", label: "Status" },
  { value: "none", label: "None" },
] as const;

export type Grouping = (typeof groupings)[number]["value"];

const HEIGHT = 280;
const GROUPS = 7;

interface MainChartProps {
  readonly scope: Scope;
  readonly metric: ChartMetric;
  readonly by: Grouping;
}

/** One metric over time by one dimension, stacked if its parts add up, as lines otherwise. */
export function MainChart({ scope, metric, by }: MainChartProps): JSX.Element {
  const look = metricLook(metric);
  const groupBy: Dimension[] = by === "none" ? [] : [by];
  const { data, error, isLoading, reload } = useUsage(scope, {
    metrics: [metric satisfies Metric],
    groupBy,
    limit: look.adds ? GROUPS : 5,
    compare: scope.compare,
    ...(look.adds ? {} : { order: "-requests" }),
  });
  const drawn = useMemo(() => data && { frame: frameOf(data), series: seriesOf(data, metric) }, [data, metric]);
  const isOther = data !== undefined && data.query.metrics[0] !== metric;
  const title = by === "none" ? look.label : `${look.label} by ${dimensionLabel(by).toLowerCase()}`;
  return (
    <Panel
      title={title}
      subtitle={describeScope(scope)}
      isLoading={isLoading && data !== undefined}
      error={data && error}
      actions={
        <>
          <Segmented
            label="Metric"
            value={metric}
            options={chartMetrics}
            onChange={(value) => setParams({ metric: value })}
          />
          <Select
            label="Split by"
            prefix="by"
            value={by}
            options={groupings}
            onChange={(value) => setParams({ by: value })}
          />
        </>
      }
      foot={
        <>
          <CoverageLine coverage={data?.coverage} />
          <UnpricedChip coverage={data?.coverage} />
        </>
      }
    >
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && drawn === undefined && <Skeleton height={HEIGHT + 26} />}
      {drawn && !isOther && (
        <TimeChart
          title={title}
          {...drawn}
          kind={look.adds ? "bar" : "line"}
          format={look.format}
          exactly={look.exactly}
          height={HEIGHT}
        />
      )}
      {drawn && isOther && <Skeleton height={HEIGHT + 26} />}
    </Panel>
  );
}

export const isGrouping = (text: string | null): text is Grouping => groupings.some(({ value }) => value === text);
export const isChartMetric = (text: string | null): text is ChartMetric =>
  chartMetrics.some(({ value }) => value === text);
