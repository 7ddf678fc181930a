import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { QueryResponse, Metric } from "../../../src/admin/api/contract.ts";
import { useUsage, type UsageRequest } from "../data/use-usage.ts";
import { scopeParams, useUrlState, withFilters, type Scope } from "../data/url-state.ts";
import { ErrorTypes, isFailed } from "../errors/error-types.tsx";
import { RejectedKeys, RejectedByProviders } from "../errors/rejected.tsx";
import { StatusChart } from "../errors/status-chart.tsx";
import { NothingFound } from "../overview/nothing-found.tsx";
import { RequestList } from "../requests/request-list.tsx";
import { exportedUsage } from "../shell/export-menu.tsx";
import { describeRange } from "../shell/range-picker.tsx";
import { describeScope } from "../ui/filter-label.ts";
import { Link } from "../ui/link.tsx";
import { PageHead } from "../ui/panel.tsx";
import { Empty } from "../ui/state.tsx";
import { Tile } from "../ui/tile.tsx";

const exported: UsageRequest = {
  metrics: ["requests"],
  groupBy: ["error_type", "provider"],
  filters: [isFailed],
  bucket: "none",
};
const counted: readonly Metric[] = ["errors", "error_rate", "requests"];
const throttled: UsageRequest = {
  metrics: ["requests"],
  filters: [{ dimension: "status", op: "is", values: ["429"] }],
  compare: true,
};
const failed: UsageRequest = {
  metrics: ["requests"],
  filters: [{ dimension: "status", op: "gte", values: ["500"] }],
  compare: true,
};

/** Errors and rate limits. */
export function ErrorsPage({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = useUrlState();
  const { data } = useUsage(scope, { metrics: counted, compare: true });
  useEffect(() => {
    exportedUsage.set(exported);
    return () => exportedUsage.set(null);
  }, []);
  const all = withFilters(scopeParams(params), [...scope.filters, isFailed]);
  return (
    <>
      <PageHead title="Errors & limits" subtitle={`${describeRange(scope)} · ${scope.tz.replaceAll("_", " ")}`} />
      {data?.totals.total.requests === 0 ? (
        <div class="stack">
          <NothingFound scope={scope} result={data} />
          <RejectedKeys scope={scope} />
        </div>
      ) : (
        <>
          <Tiles scope={scope} result={data} />
          <div class="stack">
            <StatusChart scope={scope} />
            <ErrorTypes scope={scope} />
            <div class="grid-2">
              <RejectedByProviders scope={scope} />
              <RejectedKeys scope={scope} />
            </div>
            <RequestList
              title="Latest errors"
              subtitle="Newest first"
              scope={scope}
              order="newest"
              filters={[isFailed]}
              actions={
                <Link page="requests" params={all} class="panel-link" label="View all errors in Requests">
                  View all
                </Link>
              }
              empty={
                <Empty icon="check" title="No errors">
                  No request in this range failed.
                </Empty>
              }
            />
          </div>
        </>
      )}
    </>
  );
}

function Tiles({ scope, result }: { readonly scope: Scope; readonly result: QueryResponse | undefined }): JSX.Element {
  const { data: throttles } = useUsage(scope, throttled);
  const { data: failures } = useUsage(scope, failed);
  const subtitle = describeScope(scope);
  const unknown = "No requests";
  return (
    <div class="tiles four">
      <Tile label="Error rate" metric="error_rate" result={result} subtitle={subtitle} unknown={unknown} />
      <Tile label="Errors" metric="errors" result={result} subtitle={subtitle} unknown={unknown} />
      <Tile label="Rate limited" metric="requests" result={throttles} subtitle="Status 429" unknown={unknown} />
      <Tile
        label="Server errors"
        metric="requests"
        result={failures}
        subtitle="Status 500 and above"
        unknown={unknown}
      />
    </div>
  );
}
