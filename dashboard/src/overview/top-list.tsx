import type { JSX } from "preact";
import type { QueryResponse, Dimension, Metric, Series } from "../../../src/admin/api/contract.ts";
import { seriesColor, seriesLabel } from "../chart/chart-series.ts";
import { useUsage } from "../data/use-usage.ts";
import { scopeParams, toggleValue, useUrlState, withChanges, type Scope } from "../data/url-state.ts";
import { metricLook } from "../format/metric.ts";
import { formatShare, isKnown } from "../format/number.ts";
import { BarList, type BarRow } from "../ui/bar-list.tsx";
import { Link } from "../ui/link.tsx";
import { Panel } from "../ui/panel.tsx";
import { Failure } from "../ui/state.tsx";

interface TopListProps {
  readonly title: string;
  readonly dimension: Dimension;
  readonly scope: Scope;
  /** The metric that ranks the list; its parts must add up. */
  readonly metric: Metric;
  /** Set if the chart beside it has a color for each row. */
  readonly isColored: boolean;
}

const SIZE = 5;

/** The largest values of a dimension; a click filters by one. */
export function TopList({ title, dimension, scope, metric, isColored }: TopListProps): JSX.Element {
  const { params } = useUrlState();
  const { data, error, isLoading, reload } = useUsage(scope, {
    metrics: [metric],
    groupBy: [dimension],
    bucket: "none",
    limit: SIZE,
  });
  const link = (
    <Link
      page="explore"
      params={withChanges(scopeParams(params), { by: dimension, metric })}
      class="panel-link"
      label={`View all ${title.toLowerCase()} in Explore`}
    >
      View all
    </Link>
  );
  return (
    <Panel
      title={title}
      subtitle={`By ${metricLook(metric).label.toLowerCase()}`}
      actions={link}
      isLoading={isLoading && data !== undefined}
      error={data && error}
    >
      {error && data === undefined ? (
        <Failure error={error} onRetry={reload} />
      ) : (
        <BarList
          rows={data && rowsOf({ data, dimension, metric, scope, isColored })}
          size={SIZE}
          empty={`No ${title.toLowerCase()} in this range`}
        />
      )}
    </Panel>
  );
}

type RowsFrom = Omit<TopListProps, "title"> & { readonly data: QueryResponse };

function rowsOf({ data, dimension, metric, scope, isColored }: RowsFrom): BarRow[] {
  const look = metricLook(metric);
  const total = data.totals.total[metric];
  return data.series.filter(hasSome(metric)).map((series) => {
    const value = series.total[metric];
    const label = seriesLabel(data, series);
    const share = isKnown(value) && isKnown(total) && total > 0 ? value / total : null;
    const key = series.key[0] ?? null;
    const isChosen = scope.filters.some(
      (one) => one.dimension === dimension && one.op === "is" && one.values.includes(key),
    );
    return {
      id: label,
      label,
      value: look.format(value),
      exactly: look.exactly(value),
      share,
      note: formatShare(share),
      ...(isColored ? { color: `var(${seriesColor(data, series)})` } : {}),
      ...(series.other ? { color: "var(--series-other)" } : { isChosen, onChoose: () => toggleValue(dimension, key) }),
    };
  });
}

const hasSome =
  (metric: Metric) =>
  (series: Series): boolean =>
    series.total[metric] !== 0 || !series.other;
