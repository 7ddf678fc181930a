import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { QueryResponse, Dimension, Metric } from "../../../src/admin/api/contract.ts";
import { useUsage, type UsageRequest } from "../data/use-usage.ts";
import { setParams, useUrlState, type Scope } from "../data/url-state.ts";
import { metricLook } from "../format/metric.ts";
import { exportedUsage } from "../shell/export-menu.tsx";
import { EstimatedNote } from "../ui/coverage.tsx";
import { describeScope } from "../ui/filter-label.ts";
import { Failure } from "../ui/state.tsx";
import { Tile } from "../ui/tile.tsx";
import { FirstRun } from "./first-run.tsx";
import { isChartMetric, isGrouping, MainChart, type ChartMetric } from "./main-chart.tsx";
import { NothingFound } from "./nothing-found.tsx";
import { RecentErrors } from "./recent-errors.tsx";
import { TopList } from "./top-list.tsx";

interface TileEntry {
  readonly label: string;
  readonly metric: Metric;
  /** The metric that a click on the tile selects in the chart. */
  readonly chart?: ChartMetric;
  readonly unknown: string;
}

const tiles: readonly TileEntry[] = [
  { label: "Cost", metric: "cost", chart: "cost", unknown: "No known prices" },
  { label: "Tokens", metric: "total_tokens", chart: "total_tokens", unknown: "No usage reported" },
  { label: "Requests", metric: "requests", chart: "requests", unknown: "No requests" },
  { label: "Error rate", metric: "error_rate", chart: "errors", unknown: "No requests" },
  { label: "First token p95", metric: "ttft_p95", chart: "ttft_p95", unknown: "No timed responses" },
  { label: "Cache hits", metric: "cache_hit_rate", unknown: "No known input tokens" },
];

const overviewAsk: UsageRequest = { metrics: tiles.map(({ metric }) => metric), compare: true };

interface FiguresProps {
  readonly scope: Scope;
  /** Dimensions whose lists are left out, because all shown requests have the same value. */
  readonly without?: readonly Dimension[];
}

/** The overview: cost, usage and errors, and the largest owners, models and keys. */
export function Tiles({ scope, without = [] }: FiguresProps): JSX.Element {
  const { params } = useUrlState();
  const by = params.get("by");
  const metric = params.get("metric");
  const { data, error, reload } = useUsage(scope, overviewAsk);
  const chart: MainView = { by: isGrouping(by) ? by : "model", metric: isChartMetric(metric) ? metric : "cost" };
  useEffect(() => {
    exportedUsage.set({ metrics: [chart.metric], groupBy: chart.by === "none" ? [] : [chart.by], bucket: "auto" });
    return () => exportedUsage.set(null);
  }, [chart.by, chart.metric]);
  if (error && data === undefined) return <Failure error={error} onRetry={reload} />;
  const isEmpty = data?.totals.total.requests === 0;
  if (isEmpty && data.through === null) return <FirstRun />;
  return (
    <>
      <TileRow scope={scope} result={data} shown={chart.metric} />
      {isEmpty ? (
        <NothingFound scope={scope} result={data} />
      ) : (
        <Details scope={scope} chart={chart} without={without} />
      )}
    </>
  );
}

interface MainView {
  readonly by: Parameters<typeof MainChart>[0]["by"];
  readonly metric: ChartMetric;
}

interface TilesProps {
  readonly scope: Scope;
  readonly result: QueryResponse | undefined;
  readonly shown: ChartMetric;
}

function TileRow({ scope, result, shown }: TilesProps): JSX.Element {
  return (
    <div class="tiles">
      {tiles.map(({ label, metric, chart, unknown }) => (
        <Tile
          key={metric}
          label={label}
          metric={metric}
          result={result}
          unknown={unknown}
          subtitle={metric === "cost" ? <EstimatedNote /> : describeScope(scope)}
          {...(chart === undefined
            ? {}
            : { isChosen: chart === shown, onChoose: () => setParams({ metric: chart === "cost" ? null : chart }) })}
        />
      ))}
    </div>
  );
}

const lists = [
  { title: "Owners", dimension: "owner" },
  { title: "Keys", dimension: "key" },
  { title: "Models", dimension: "model" },
  { title: "Providers", dimension: "provider" },
] as const;

interface DetailsProps {
  readonly scope: Scope;
  readonly chart: MainView;
  readonly without: readonly Dimension[];
}

function Details({ scope, chart, without }: DetailsProps): JSX.Element {
  // Lists rank by a metric whose parts add up; percentiles do not.
  const ranked = metricLook(chart.metric).adds ? chart.metric : "requests";
  const shown = lists.filter(({ dimension }) => !without.includes(dimension));
  return (
    <div class="stack">
      <MainChart scope={scope} metric={chart.metric} by={chart.by} />
      <div class={shown.length < 4 ? "grid-2" : "grid-4"}>
        {shown.map(({ title, dimension }) => (
          <TopList
            key={dimension}
            title={title}
            dimension={dimension}
            scope={scope}
            metric={ranked}
            isColored={dimension === chart.by}
          />
        ))}
      </div>
      <RecentErrors scope={scope} />
    </div>
  );
}
