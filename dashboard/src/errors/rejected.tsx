import type { JSX } from "preact";
import type { ProxyStatus, RecentRejection } from "../../../src/admin/api/contract.ts";
import { useUsage } from "../data/use-usage.ts";
import { go, scopeParams, useUrlState, withFilters, type Scope } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { formatAgo, formatMomentExactly } from "../format/moment.ts";
import { formatCount, formatCountExactly } from "../format/number.ts";
import { DataTable, type Column } from "../ui/data-table.tsx";
import { Panel } from "../ui/panel.tsx";
import { BarList } from "../ui/bar-list.tsx";
import { Empty, Failure, SkeletonRows } from "../ui/state.tsx";
import { Badge, Status } from "../ui/status.tsx";

const meanings: Readonly<Record<string, string>> = {
  no_key: "no key",
  unknown_key: "not on the allow-list",
  tls: "TLS on the plain HTTP port",
  http2: "HTTP/2 without TLS",
  expired: "expired",
  mixed_keys: "two different keys",
};

/** Rejections of one key for one reason. */
interface Denied {
  readonly id: string;
  readonly last: RecentRejection;
  readonly count: number;
}

/** Requests that the gateway rejected, by key. They reach no provider and are in no figure. */
export function RejectedKeys({ scope }: { readonly scope: Scope }): JSX.Element {
  const { data, error, reload } = useResource<ProxyStatus>("/status");
  const rows = data && groupDenied(data.refusals);
  return (
    <Panel
      title="Rejected by LMGate"
      subtitle="The last 100 rejected requests since startup. They were not forwarded and do not appear in other figures."
      isFlush
      error={data && error}
    >
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <SkeletonRows rows={4} height={36} />}
      {rows?.length === 0 && (
        <Empty icon="check" title="No rejected requests">
          The gateway has rejected no requests since it started.
        </Empty>
      )}
      {rows && rows.length > 0 && (
        <DataTable label="Rejected by LMGate" columns={deniedColumns(scope.tz)} rows={rows} keyOf={({ id }) => id} />
      )}
    </Panel>
  );
}

function groupDenied(rejections: readonly RecentRejection[]): readonly Denied[] {
  const groups = new Map<string, Denied>();
  for (const rejection of rejections) {
    const { maskedKey, status, code, reason = "", clientIp } = rejection;
    const id = [maskedKey, status, code, reason, clientIp].join(" ");
    const known = groups.get(id);
    // They are sorted newest first, so the first of a group is its latest.
    groups.set(id, { id, last: known?.last ?? rejection, count: (known?.count ?? 0) + 1 });
  }
  return [...groups.values()];
}

const deniedColumns = (tz: string): readonly Column<Denied>[] => [
  {
    id: "key",
    label: "Key",
    card: "title",
    render: ({ last }) => (last.maskedKey === "" ? <span class="muted">none</span> : <code>…{last.maskedKey}</code>),
  },
  {
    id: "why",
    label: "Reason",
    render: ({ last: { status, code, reason } }) => (
      <span class="status-cell">
        <Status status={status} error={code} />
        <span class="muted">{reason === undefined ? code.replaceAll("_", " ") : (meanings[reason] ?? reason)}</span>
      </span>
    ),
  },
  { id: "prefix", label: "Path", card: "none", render: ({ last }) => (last.prefix === "" ? "—" : `/${last.prefix}`) },
  { id: "ip", label: "From", card: "none", render: ({ last }) => last.clientIp },
  { id: "count", label: "Count", align: "end", render: ({ count }) => formatCount(count) },
  {
    id: "at",
    label: "Last seen",
    align: "end",
    render: ({ last }) => (
      <time dateTime={last.at} title={formatMomentExactly(last.at, tz)}>
        {formatAgo(last.at, Date.now())}
      </time>
    ),
  },
];

const statuses = ["401", "403", "429"];

/** 401, 403 and 429 from providers: the key was admitted here but rejected there, or rate limited. */
export function RejectedByProviders({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = useUrlState();
  const { data, error, isLoading, reload } = useUsage(scope, {
    metrics: ["requests"],
    groupBy: ["provider", "status"],
    filters: [{ dimension: "status", op: "is", values: statuses }],
    bucket: "none",
    limit: 12,
  });
  const all = data?.totals.total.requests ?? 0;
  const rows = data?.series
    .filter(({ other }) => !other)
    .map(({ key: [provider = null, status = null], total }) => ({
      id: `${provider} ${status}`,
      label: `${status ?? ""} from ${provider ?? "unknown"}`,
      value: formatCount(total.requests),
      exactly: formatCountExactly(total.requests),
      share: all > 0 ? (total.requests ?? 0) / all : null,
      note: status === "429" ? <Badge mood="warning">rate limited</Badge> : <Badge mood="bad">not allowed</Badge>,
      color: status === "429" ? "var(--series-1)" : "var(--series-7)",
      onChoose: () =>
        go(
          "requests",
          withFilters(scopeParams(params), [
            ...scope.filters,
            { dimension: "provider", op: "is", values: [provider] },
            { dimension: "status", op: "is", values: [status] },
          ]),
        ),
    }));
  return (
    <Panel
      title="Rejected by providers"
      subtitle="401, 403 and 429 responses from providers in this range"
      isLoading={isLoading && data !== undefined}
      error={data && error}
    >
      {error && data === undefined ? (
        <Failure error={error} onRetry={reload} />
      ) : (
        <BarList rows={rows} size={4} empty="No provider rejected a request in this range" />
      )}
    </Panel>
  );
}
