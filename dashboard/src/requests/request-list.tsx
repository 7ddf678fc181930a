import type { ComponentChildren, JSX } from "preact";
import type { RequestRow, Filter, RequestsPage } from "../../../src/admin/api/contract.ts";
import { scopeQuery } from "../data/use-usage.ts";
import { setParams, useUrlState, type Scope } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { Panel } from "../ui/panel.tsx";
import { Failure, SkeletonRows } from "../ui/state.tsx";
import { RequestDrawer } from "./request-drawer.tsx";
import { RequestsTable } from "./requests-table.tsx";

interface RequestListProps {
  readonly title: string;
  readonly subtitle: string;
  readonly scope: Scope;
  readonly order: "newest" | "slowest";
  readonly filters?: readonly Filter[];
  readonly actions?: ComponentChildren;
  readonly empty: JSX.Element;
}

const SIZE = 12;

/** A list of requests; each opens its record over the page. */
export function RequestList({ title, subtitle, scope, order, filters, actions, empty }: RequestListProps): JSX.Element {
  const { params } = useUrlState();
  const query = scopeQuery(scope, filters);
  query.set("limit", String(SIZE));
  if (order !== "newest") query.set("order", order);
  const { data, error, isLoading, reload } = useResource<RequestsPage>(`/requests?${query.toString()}`);
  const id = params.get("id");
  const rows = data?.rows ?? [];
  const at = rows.findIndex((row) => row.id === id);
  const step = (row: RequestRow | undefined): (() => void) | undefined =>
    at >= 0 && row ? () => setParams({ id: row.id }, { replace: true }) : undefined;
  return (
    <>
      <Panel
        title={title}
        subtitle={subtitle}
        actions={actions}
        isFlush
        isLoading={isLoading && data !== undefined}
        error={data && error}
      >
        {error && data === undefined && <Failure error={error} onRetry={reload} />}
        {!error && data === undefined && <SkeletonRows rows={SIZE} height={36} />}
        {data && rows.length === 0 && empty}
        {rows.length > 0 && (
          <RequestsTable
            label={title}
            rows={rows}
            tz={scope.tz}
            chosen={id}
            onOpen={(row) => setParams({ id: row.id })}
          />
        )}
      </Panel>
      {id !== null && (
        <RequestDrawer
          id={id}
          tz={scope.tz}
          onClose={() => setParams({ id: null }, { replace: true })}
          onNewer={step(rows[at - 1])}
          onOlder={step(rows[at + 1])}
        />
      )}
    </>
  );
}
