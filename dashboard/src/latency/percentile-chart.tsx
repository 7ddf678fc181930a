import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { QueryResponse, Metric } from "../../../src/admin/api/contract.ts";
import { frameOf, type ChartSeries } from "../chart/chart-series.ts";
import { TimeChart } from "../chart/time-chart.tsx";
import { useUsage } from "../data/use-usage.ts";
import type { Scope } from "../data/url-state.ts";
import { formatDuration } from "../format/number.ts";
import { describeScope } from "../ui/filter-label.ts";
import { Panel } from "../ui/panel.tsx";
import { Failure, Skeleton } from "../ui/state.tsx";

interface PercentileChartProps {
  readonly scope: Scope;
  readonly title: string;
  readonly kind: "duration" | "ttft";
}

const HEIGHT = 240;
/** From the median to the slowest requests, with stronger colors and different dashes. */
const looks = [
  { part: "p50", color: "--series-4" },
  { part: "p90", color: "--series-0", dash: [8, 3] },
  { part: "p95", color: "--series-1", dash: [4, 3] },
  { part: "p99", color: "--series-5", dash: [2, 3] },
] as const;

/** Percentiles of the duration over time. */
export function PercentileChart({ scope, title, kind }: PercentileChartProps): JSX.Element {
  const metrics = looks.map(({ part }): Metric => `${kind}_${part}`);
  const { data, error, isLoading, reload } = useUsage(scope, { metrics });
  const drawn = useMemo(() => data && { frame: frameOf(data), series: linesOf(data, kind) }, [data, kind]);
  return (
    <Panel
      title={title}
      subtitle={describeScope(scope)}
      isLoading={isLoading && data !== undefined}
      error={data && error}
    >
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <Skeleton height={HEIGHT + 26} />}
      {drawn && (
        <TimeChart
          title={title}
          {...drawn}
          kind="line"
          format={formatDuration}
          exactly={formatDuration}
          height={HEIGHT}
        />
      )}
    </Panel>
  );
}

function linesOf(result: QueryResponse, kind: PercentileChartProps["kind"]): ChartSeries[] {
  return looks.map(({ part, color, ...look }) => {
    const metric: Metric = `${kind}_${part}`;
    return { name: part, label: part, color, values: result.totals.points[metric] ?? [], ...look };
  });
}
