import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useUsage, type UsageRequest } from "../data/use-usage.ts";
import { setParams, useUrlState, type Scope } from "../data/url-state.ts";
import { ExploreChart } from "../explore/explore-chart.tsx";
import { ExploreControls } from "../explore/explore-controls.tsx";
import { ExploreTable, tableMetrics } from "../explore/explore-table.tsx";
import { readExploration, type Exploration } from "../explore/view.ts";
import { isMetric } from "../format/metric.ts";
import { formatQuantity } from "../format/number.ts";
import { NothingFound } from "../overview/nothing-found.tsx";
import { exportedUsage } from "../shell/export-menu.tsx";
import { describeRange } from "../shell/range-picker.tsx";
import { Button } from "../ui/button.tsx";
import { CoverageLine, UnpricedChip } from "../ui/coverage.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Failure, SkeletonRows } from "../ui/state.tsx";
import { dimensionLabel } from "../format/dimension.ts";

const GROUPS = 200;

/** Any metric, grouped by one or two dimensions. */
export function ExplorePage({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = useUrlState();
  const exploration = readExploration(params);
  const ask = askFor(exploration);
  const { data, error, isLoading, reload } = useUsage(scope, ask);
  const exported = JSON.stringify(ask);
  useEffect(() => {
    exportedUsage.set(ask);
    return () => exportedUsage.set(null);
  }, [exported]);
  const isEmpty = data?.totals.total.requests === 0;
  return (
    <>
      <PageHead title="Explore" subtitle={`${describeRange(scope)} · ${scope.tz.replaceAll("_", " ")}`} />
      <ExploreControls exploration={exploration} />
      {isEmpty && data ? (
        <NothingFound scope={scope} result={data} />
      ) : (
        <div class="stack">
          <ExploreChart scope={scope} exploration={exploration} />
          <Panel
            title={exploration.by.map(dimensionLabel).join(" and ")}
            subtitle={data ? groupsWords(data.series.filter(({ other }) => !other).length) : "Counting…"}
            isFlush
            isLoading={isLoading && data !== undefined}
            error={data && error}
            actions={
              exploration.picks.length > 0 && (
                <Button size="small" kind="quiet" onClick={() => setParams({ pick: null })}>
                  {`Clear selection (${exploration.picks.length})`}
                </Button>
              )
            }
            foot={
              <>
                <CoverageLine coverage={data?.coverage} />
                <UnpricedChip coverage={data?.coverage} />
              </>
            }
          >
            {error && data === undefined && <Failure error={error} onRetry={reload} />}
            {!error && data === undefined && <SkeletonRows rows={8} height={36} />}
            {data && <ExploreTable result={data} exploration={exploration} />}
          </Panel>
        </div>
      )}
    </>
  );
}

function askFor({ by, metric, sort }: Exploration): UsageRequest {
  const sorted = sort.replace(/^-/, "");
  return {
    metrics: tableMetrics(metric),
    groupBy: by,
    bucket: "none",
    compare: true,
    limit: GROUPS,
    // The server decides which groups are the largest, because it also knows those beyond the limit.
    ...(isMetric(sorted) && tableMetrics(metric).includes(sorted) ? { order: sort } : {}),
  };
}

const groupsWords = (count: number): string =>
  count === GROUPS
    ? `Showing the first ${GROUPS} groups. The rest are combined as Other.`
    : formatQuantity(count, "group");
