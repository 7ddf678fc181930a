import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { QueryResponse, Dimension, Metric, Series } from "../../../src/admin/api/contract.ts";
import { seriesFilters } from "../chart/chart-series.ts";
import { addFilters } from "../data/url-state.ts";
import { dimensionLabel, valueLabel } from "../format/dimension.ts";
import { metricLook } from "../format/metric.ts";
import { DataTable, type Column } from "../ui/data-table.tsx";

export const latencyMetrics: readonly Metric[] = [
  "requests",
  "duration_p50",
  "duration_p90",
  "duration_p95",
  "duration_p99",
  "ttft_p50",
  "ttft_p90",
  "ttft_p95",
  "ttft_p99",
  "output_tokens_per_second",
];
const onCards: readonly Metric[] = ["duration_p95", "ttft_p95", "output_tokens_per_second"];

/** Each group with all its percentiles; a click filters by it. */
export function LatencyTable({ result }: { readonly result: QueryResponse }): JSX.Element {
  const [sort, setSort] = useState("-requests");
  const [by = "model"] = result.query.groupBy;
  return (
    <DataTable
      label="Latency by group"
      columns={[nameColumn(by), ...latencyMetrics.map((metric) => metricColumn(result, metric))]}
      rows={result.series.filter(({ other }) => !other)}
      keyOf={({ key }) => String(key[0])}
      sort={sort}
      onSort={setSort}
      onRow={(series) => addFilters(seriesFilters(result, series))}
      hasTotals
    />
  );
}

const nameColumn = (by: Dimension): Column<Series> => ({
  id: "name",
  label: dimensionLabel(by),
  card: "title",
  sortValue: ({ key }) => key[0] ?? null,
  render: ({ key }) => valueLabel(by, key[0] ?? null),
  total: "All",
});

function metricColumn(result: QueryResponse, metric: Metric): Column<Series> {
  const look = metricLook(metric);
  const write = (value: number | null | undefined): JSX.Element => (
    <span title={value === null || value === undefined ? "No data" : look.exactly(value)}>{look.format(value)}</span>
  );
  return {
    id: metric,
    label: metric === "output_tokens_per_second" ? "Tokens/s" : look.label.replace("First token", "TTFT"),
    hint: look.label,
    align: "end",
    card: onCards.includes(metric) ? "field" : "none",
    sortValue: ({ total }) => total[metric] ?? null,
    render: ({ total }) => write(total[metric]),
    total: write(result.totals.total[metric]),
  };
}
