import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { QueryResponse, Filter, Series } from "../../../src/admin/api/contract.ts";
import { seriesFilters } from "../chart/chart-series.ts";
import { useUsage } from "../data/use-usage.ts";
import { go, scopeParams, useUrlState, withFilters, type Scope } from "../data/url-state.ts";
import { formatCount, formatCountExactly, formatShare, isKnown } from "../format/number.ts";
import { DataTable, type Column } from "../ui/data-table.tsx";
import { Delta } from "../ui/delta.tsx";
import { Panel } from "../ui/panel.tsx";
import { Empty, Failure, SkeletonRows } from "../ui/state.tsx";
import { Badge } from "../ui/status.tsx";

export const isFailed: Filter = { dimension: "error_type", op: "is_not", values: [null] };

/** Errors that LMGate defines; all others are the provider's own. */
const ours: Readonly<Record<string, string>> = {
  client_aborted: "The client disconnected, stopped sending or stopped reading",
  body_too_large: "The request body was larger than the limit",
  upstream_unreachable: "Could not connect to the provider. Check its host name, network, port and certificate",
  upstream_timeout: "The provider took longer than the timeouts allow",
  upstream_reset: "The provider closed the connection before its response was complete",
  upstream_invalid: "The provider's response was not valid HTTP",
  shutdown: "The gateway shut down before the request finished",
  interrupted: "The request was interrupted when its worker or the process ended",
};

/** Errors by type and provider, most frequent first. */
export function ErrorTypes({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = useUrlState();
  const [sort, setSort] = useState("-requests");
  const { data, error, isLoading, reload } = useUsage(scope, {
    metrics: ["requests"],
    groupBy: ["error_type", "provider"],
    filters: [isFailed],
    bucket: "none",
    limit: 100,
    compare: true,
  });
  const open = (series: Series): void => {
    if (data) go("requests", withFilters(scopeParams(params), [...scope.filters, ...seriesFilters(data, series)]));
  };
  return (
    <Panel
      title="By error type"
      subtitle="Select a row to see its requests"
      isFlush
      isLoading={isLoading && data !== undefined}
      error={data && error}
    >
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <SkeletonRows rows={6} height={36} />}
      {data?.series.length === 0 && (
        <Empty icon="check" title="No errors">
          No request in this range failed.
        </Empty>
      )}
      {data && data.series.length > 0 && (
        <DataTable
          label="Error types"
          columns={columnsFor(data)}
          rows={data.series}
          keyOf={({ key, other }) => (other ? "other" : JSON.stringify(key))}
          sort={sort}
          onSort={setSort}
          onRow={open}
        />
      )}
    </Panel>
  );
}

function columnsFor(result: QueryResponse): Column<Series>[] {
  const all = result.totals.total.requests;
  const share = ({ total }: Series): number | null =>
    isKnown(total.requests) && isKnown(all) && all > 0 ? total.requests / all : null;
  return [
    {
      id: "type",
      label: "Error type",
      card: "title",
      sortValue: ({ key }) => key[0] ?? null,
      render: ({ key: [type], other }) =>
        other ? (
          "Other"
        ) : (
          <code title={ours[type ?? ""] ?? "Error name reported by the provider"}>{type ?? "(none)"}</code>
        ),
    },
    {
      id: "by",
      label: "From",
      card: "none",
      render: ({ key: [type] }) => (type && ours[type] ? <Badge mood="neutral">LMGate</Badge> : "provider"),
    },
    { id: "provider", label: "Provider", sortValue: ({ key }) => key[1] ?? null, render: ({ key }) => key[1] },
    {
      id: "requests",
      label: "Requests",
      align: "end",
      sortValue: ({ total }) => total.requests ?? null,
      render: ({ total }) => <span title={formatCountExactly(total.requests)}>{formatCount(total.requests)}</span>,
    },
    {
      id: "share",
      label: "Share of errors",
      align: "end",
      card: "none",
      share,
      render: (row) => formatShare(share(row)),
    },
    {
      id: "change",
      label: "Change",
      align: "end",
      hint: "Compared with the previous period",
      render: (series) => <Delta series={series} metric="requests" />,
    },
  ];
}
