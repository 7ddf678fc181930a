import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { QueryResponse, Filter } from "../../../src/admin/api/contract.ts";
import { frameOf, sumOf, type ChartSeries } from "../chart/chart-series.ts";
import { TimeChart } from "../chart/time-chart.tsx";
import { useUsage } from "../data/use-usage.ts";
import { setParams, useUrlState, type Scope } from "../data/url-state.ts";
import { formatCount, formatCountExactly, formatShare, isKnown } from "../format/number.ts";
import { describeScope } from "../ui/filter-label.ts";
import { Panel } from "../ui/panel.tsx";
import { Segmented } from "../ui/select.tsx";
import { Failure, Skeleton } from "../ui/state.tsx";

const HEIGHT = 250;
const STATUSES = 100;

const classes = [
  { name: "2xx", label: "2xx success", color: "--series-2", holds: (status: number) => status < 300 },
  { name: "3xx", label: "3xx redirect", color: "--series-4", holds: (status: number) => status >= 300 && status < 400 },
  { name: "429", label: "429 rate limited", color: "--series-1", holds: (status: number) => status === 429 },
  {
    name: "4xx",
    label: "Other 4xx",
    color: "--series-7",
    holds: (status: number) => status >= 400 && status < 500 && status !== 429,
  },
  { name: "5xx", label: "5xx error", color: "--series-5", holds: (status: number) => status >= 500 },
] as const;
const unanswered = { name: "none", label: "No response", color: "--series-other" } as const;

const views = [
  { value: "errors", label: "Errors" },
  { value: "all", label: "All requests" },
  { value: "share", label: "Share" },
] as const;
type View = (typeof views)[number]["value"];

/** Requests over time by class of response status. */
export function StatusChart({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = useUrlState();
  const view = views.find(({ value }) => value === params.get("view"))?.value ?? "errors";
  const { data, error, isLoading, reload } = useUsage(scope, {
    metrics: ["requests"],
    groupBy: ["status"],
    limit: STATUSES,
  });
  const drawn = useMemo(() => data && { frame: frameOf(data), series: classesOf(data, view) }, [data, view]);
  const isShare = view === "share";
  return (
    <Panel
      title="Responses by status"
      subtitle={describeScope(scope)}
      isLoading={isLoading && data !== undefined}
      error={data && error}
      actions={
        <Segmented
          label="Show"
          value={view}
          options={views}
          onChange={(value) => setParams({ view: value === "errors" ? null : value })}
        />
      }
    >
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <Skeleton height={HEIGHT + 26} />}
      {drawn && (
        <TimeChart
          title="Responses by status"
          {...drawn}
          kind={isShare ? "line" : "bar"}
          format={isShare ? formatShare : formatCount}
          exactly={isShare ? formatShare : formatCountExactly}
          height={HEIGHT}
        />
      )}
    </Panel>
  );
}

function classesOf(result: QueryResponse, view: View): ChartSeries[] {
  const whole = result.totals.points.requests ?? [];
  const shown = [...classes, unanswered].filter(({ name }) => view === "all" || !/^[23]xx$/.test(name));
  return shown.flatMap(({ name, label, color, ...rest }) => {
    const members = result.series.filter(({ key: [status], other }) => {
      if (other || status === null || status === undefined) return !other && !("holds" in rest);
      return "holds" in rest && rest.holds(Number(status));
    });
    if (members.length === 0) return [];
    const values = whole.map((all, at) => {
      const sum = sumOf(members.map(({ points }) => points.requests?.[at] ?? null));
      if (view !== "share") return sum;
      return isKnown(all) && all > 0 ? (sum ?? 0) / all : null;
    });
    const filters: Filter[] = [{ dimension: "status", op: "is", values: members.map(({ key }) => key[0] ?? null) }];
    return [{ name, label, color, values, filters }];
  });
}
