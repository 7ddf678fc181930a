import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { frameOf, seriesOf } from "../chart/chart-series.ts";
import { TimeChart } from "../chart/time-chart.tsx";
import { useUsage, type UsageRequest } from "../data/use-usage.ts";
import { setParams, useUrlState, type Scope } from "../data/url-state.ts";
import { dimensionLabel } from "../format/dimension.ts";
import { formatRate } from "../format/number.ts";
import { LatencyTable, latencyMetrics } from "../latency/latency-table.tsx";
import { LoopLag } from "../latency/loop-lag.tsx";
import { PercentileChart } from "../latency/percentile-chart.tsx";
import { NothingFound } from "../overview/nothing-found.tsx";
import { RequestList } from "../requests/request-list.tsx";
import { exportedUsage } from "../shell/export-menu.tsx";
import { describeRange } from "../shell/range-picker.tsx";
import { describeScope } from "../ui/filter-label.ts";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Segmented } from "../ui/select.tsx";
import { Empty, Failure, Skeleton, SkeletonRows } from "../ui/state.tsx";

const groupings = [
  { value: "provider", label: "Provider" },
  { value: "model", label: "Model" },
  { value: "key", label: "Key" },
] as const;
type Grouping = (typeof groupings)[number]["value"];

const GROUPS = 100;

/** Latency of the providers and of the gateway. */
export function LatencyPage({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = useUrlState();
  const by = groupings.find(({ value }) => value === params.get("by"))?.value ?? "model";
  const ask: UsageRequest = { metrics: latencyMetrics, groupBy: [by], bucket: "none", limit: GROUPS };
  const { data, error, isLoading, reload } = useUsage(scope, ask);
  useEffect(() => {
    exportedUsage.set(ask);
    return () => exportedUsage.set(null);
  }, [by]);
  const isEmpty = data?.totals.total.requests === 0;
  return (
    <>
      <PageHead title="Latency" subtitle={`${describeRange(scope)} · ${scope.tz.replaceAll("_", " ")}`} />
      {isEmpty ? (
        <div class="stack">
          <NothingFound scope={scope} result={data} />
          <LoopLag />
        </div>
      ) : (
        <div class="stack">
          <div class="grid-2">
            <PercentileChart scope={scope} title="Duration" kind="duration" />
            <PercentileChart scope={scope} title="Time to first token" kind="ttft" />
          </div>
          <LoopLag />
          <Panel
            title={`By ${dimensionLabel(by).toLowerCase()}`}
            subtitle={describeScope(scope)}
            isFlush
            isLoading={isLoading && data !== undefined}
            error={data && error}
            actions={<GroupChoice by={by} />}
          >
            {error && data === undefined && <Failure error={error} onRetry={reload} />}
            {!error && data === undefined && <SkeletonRows rows={8} height={36} />}
            {data && <LatencyTable result={data} />}
          </Panel>
          <SpeedChart scope={scope} by={by} />
          <RequestList
            title="Slowest requests"
            subtitle="In the whole range"
            scope={scope}
            order="slowest"
            empty={<Empty title="No timed requests">No record in this range has a duration.</Empty>}
          />
        </div>
      )}
    </>
  );
}

const GroupChoice = ({ by }: { readonly by: Grouping }): JSX.Element => (
  <Segmented
    label="Group by"
    value={by}
    options={groupings}
    onChange={(value) => setParams({ by: value === "model" ? null : value })}
  />
);

const HEIGHT = 220;

function SpeedChart({ scope, by }: { readonly scope: Scope; readonly by: Grouping }): JSX.Element {
  const title = `Output tokens per second by ${dimensionLabel(by).toLowerCase()}`;
  const { data, error, isLoading, reload } = useUsage(scope, {
    metrics: ["output_tokens_per_second"],
    groupBy: [by],
    limit: 5,
    order: "-requests",
  });
  const drawn = useMemo(
    () => data && { frame: frameOf(data), series: seriesOf(data, "output_tokens_per_second") },
    [data],
  );
  return (
    <Panel
      title={title}
      subtitle="The five groups with the most requests"
      isLoading={isLoading && data !== undefined}
      error={data && error}
    >
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <Skeleton height={HEIGHT + 26} />}
      {drawn && (
        <TimeChart title={title} {...drawn} kind="line" format={formatRate} exactly={formatRate} height={HEIGHT} />
      )}
    </Panel>
  );
}
