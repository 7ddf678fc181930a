import type { JSX } from "preact";
import type { RequestRow, RequestsPage } from "../../../src/admin/api/contract.ts";
import { scopeQuery } from "../data/use-usage.ts";
import { go, scopeParams, useUrlState, withChanges, withFilters, type Scope } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { errorText } from "../format/error-text.ts";
import { formatAgo, formatMomentExactly } from "../format/moment.ts";
import { Link } from "../ui/link.tsx";
import { Panel } from "../ui/panel.tsx";
import { Empty, Failure, SkeletonRows } from "../ui/state.tsx";
import { Status } from "../ui/status.tsx";

const SIZE = 6;
const failed = { dimension: "error_type", op: "is_not", values: [null] } as const;

/** The latest failed requests; each links to its record. */
export function RecentErrors({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = useUrlState();
  const query = scopeQuery(scope, [{ ...failed, values: [...failed.values] }]);
  query.set("limit", String(SIZE));
  const { data, error, isLoading, reload } = useResource<RequestsPage>(`/requests?${query.toString()}`);
  const link = (
    <Link page="errors" params={scopeParams(params)} class="panel-link" label="View all errors and limits">
      View all
    </Link>
  );
  const open = (row: RequestRow): void => {
    const filtered = withFilters(scopeParams(params), [...scope.filters, { ...failed, values: [...failed.values] }]);
    go("requests", withChanges(filtered, { id: row.id }));
  };
  return (
    <Panel
      title="Recent errors"
      subtitle="Newest first"
      actions={link}
      isFlush
      isLoading={isLoading && data !== undefined}
      error={data && error}
    >
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <SkeletonRows rows={SIZE} height={40} />}
      {data?.rows.length === 0 && (
        <Empty icon="check" title="No errors">
          No request in this range failed.
        </Empty>
      )}
      <ul class="event-list">
        {data?.rows.map((row) => (
          <li key={row.id}>
            <button type="button" class="event" data-row="" onClick={() => open(row)}>
              <Status status={row.status} error={row.error_type} />
              <span class="event-main">
                <strong>{row.model ?? row.endpoint}</strong>
                <span class="muted">{errorText(row)}</span>
              </span>
              <span class="event-side muted">{row.lmgate_id ?? row.masked_key}</span>
              <time
                class="event-time muted"
                dateTime={row.timestamp}
                title={formatMomentExactly(row.timestamp, scope.tz)}
              >
                {formatAgo(row.timestamp, Date.now())}
              </time>
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
