import type { JSX } from "preact";
import type { QueryResponse, Dimension, Metric, Series } from "../../../src/admin/api/contract.ts";
import { seriesColor, seriesFilters } from "../chart/chart-series.ts";
import { addFilters, go, setParams, useUrlState, type Params } from "../data/url-state.ts";
import { dimensionLabel, valueLabel } from "../format/dimension.ts";
import { metricLook } from "../format/metric.ts";
import { formatShare, isKnown } from "../format/number.ts";
import { DataTable, type Column } from "../ui/data-table.tsx";
import { Delta } from "../ui/delta.tsx";
import { isSameKey, MAX_PICKS, withPick, type Exploration } from "./view.ts";

const always: readonly Metric[] = [
  "cost",
  "requests",
  "total_tokens",
  "input_tokens",
  "output_tokens",
  "error_rate",
  "ttft_p95",
];

/** The chosen metric comes first, followed by the usual ones. */
export function tableMetrics(metric: Metric): Metric[] {
  return [metric, ...always.filter((other) => other !== metric)];
}

interface ExploreTableProps {
  readonly result: QueryResponse;
  readonly exploration: Exploration;
}

export function ExploreTable({ result, exploration }: ExploreTableProps): JSX.Element {
  const { params } = useUrlState();
  const filter = (series: Series): void => {
    if (!series.other) addFilters(seriesFilters(result, series));
  };
  return (
    <DataTable
      label="Groups"
      columns={columnsFor(result, exploration, params)}
      rows={result.series.filter(isThere)}
      keyOf={({ key, other }) => (other ? "other" : JSON.stringify(key))}
      sort={exploration.sort}
      onSort={(sort) => setParams({ sort }, { replace: true })}
      onRow={filter}
      isChosen={({ key, other }) => !other && exploration.picks.some((pick) => isSameKey(pick, key))}
      hasTotals
    />
  );
}

/** A group in *other* may have values only in the previous period. */
const isThere = ({ total, other }: Series): boolean => !other || total.requests !== 0;

function columnsFor(result: QueryResponse, exploration: Exploration, params: Params): Column<Series>[] {
  const { metric } = exploration;
  const metrics = tableMetrics(metric);
  return [
    pickColumn(exploration, params),
    ...result.query.groupBy.map((dimension, at) => nameColumn(result, dimension, at)),
    ...metrics.slice(0, 1).map((one) => metricColumn(result, one, "field")),
    ...(metricLook(metric).adds ? [shareColumn(result, metric)] : []),
    {
      id: "change",
      label: "Change",
      align: "end",
      hint: `${metricLook(metric).label} compared with the previous period`,
      render: (series) => <Delta series={series} metric={metric} />,
      total: <Delta series={result.totals} metric={metric} />,
      card: "none",
    },
    ...metrics.slice(1).map((one, at) => metricColumn(result, one, at < 2 ? "field" : "none")),
  ];
}

function pickColumn({ picks }: Exploration, params: Params): Column<Series> {
  return {
    id: "pick",
    label: "Compare",
    hint: `Select up to ${MAX_PICKS} groups to compare in the chart`,
    card: "none",
    render: ({ key, label, other }) =>
      other ? null : (
        <label class="pick">
          <input
            type="checkbox"
            aria-label={`Compare ${label}`}
            checked={picks.some((pick) => isSameKey(pick, key))}
            onChange={() => go("explore", withPick(params, picks, key), { replace: true })}
          />
        </label>
      ),
  };
}

function nameColumn(result: QueryResponse, dimension: Dimension, at: number): Column<Series> {
  return {
    id: `by-${at}`,
    label: dimensionLabel(dimension),
    card: at === 0 ? "title" : "field",
    sortValue: ({ key, other }) => (other ? null : (key[at] ?? "\uffff")),
    total: at === 0 ? "Total" : undefined,
    render: (series) => {
      if (series.other) return at === 0 ? "Other" : null;
      const text = valueLabel(dimension, series.key[at] ?? null);
      if (at > 0) return text;
      return (
        <span class="name-cell">
          <span class="swatch" style={{ background: `var(${seriesColor(result, series)})` }} />
          <span title={text}>{text}</span>
        </span>
      );
    },
  };
}

function metricColumn(result: QueryResponse, metric: Metric, card: "field" | "none"): Column<Series> {
  const look = metricLook(metric);
  return {
    id: metric,
    label: look.label,
    align: "end",
    card,
    sortValue: ({ total, other }) => (other ? null : (total[metric] ?? null)),
    render: ({ total }) => <span title={look.exactly(total[metric])}>{look.format(total[metric])}</span>,
    total: <span title={look.exactly(result.totals.total[metric])}>{look.format(result.totals.total[metric])}</span>,
  };
}

function shareColumn(result: QueryResponse, metric: Metric): Column<Series> {
  const whole = result.totals.total[metric];
  const share = ({ total }: Series): number | null => {
    const value = total[metric];
    return isKnown(value) && isKnown(whole) && whole > 0 ? value / whole : null;
  };
  return {
    id: "share",
    label: "Share",
    align: "end",
    card: "none",
    share,
    render: (series) => formatShare(share(series)),
    total: isKnown(whole) && whole > 0 ? formatShare(1) : "",
  };
}
