import type { JSX } from "preact";
import type { ProxyStatus, RecentRejection } from "../../../src/admin/api/contract.ts";
import { useAnswer } from "../data/use-usage.ts";
import { go, scopeParams, usePlace, withFilters, type Scope } from "../data/url-state.ts";
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
  unknown_key: "not on the list",
  expired: "expired",
  mixed_keys: "two different keys",
};

/** Refusals of one key for one reason, taken together. */
interface Denied {
  readonly id: string;
  readonly last: RecentRejection;
  readonly count: number;
}

/** What the gateway itself refused, and who had sent it. Such calls reach no provider and are in no figure. */
export function DeniedKeys({ scope }: { readonly scope: Scope }): JSX.Element {
  const { data, error, reload } = useResource<ProxyStatus>("/status");
  const rows = data && groupDenied(data.refusals);
  return (
    <Panel
      title="Refused by LMGate"
      subtitle="The last hundred since its start; they reached no provider and are in no other figure"
      isFlush
      error={data && error}
    >
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <SkeletonRows rows={4} height={36} />}
      {rows?.length === 0 && (
        <Empty icon="check" title="Nobody was refused">
          Since the gateway started, every caller had a key on the list.
        </Empty>
      )}
      {rows && rows.length > 0 && (
        <DataTable label="Refused by LMGate" columns={deniedColumns(scope.tz)} rows={rows} keyOf={({ id }) => id} />
      )}
    </Panel>
  );
}

function groupDenied(refusals: readonly RecentRejection[]): readonly Denied[] {
  const groups = new Map<string, Denied>();
  for (const refusal of refusals) {
    const { maskedKey, status, code, reason = "", clientIp } = refusal;
    const id = [maskedKey, status, code, reason, clientIp].join(" ");
    const known = groups.get(id);
    // They come newest first, so the first of a group is its last.
    groups.set(id, { id, last: known?.last ?? refusal, count: (known?.count ?? 0) + 1 });
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
    label: "Why",
    render: ({ last: { status, code, reason } }) => (
      <span class="status-cell">
        <Status status={status} error={code} />
        <span class="muted">{reason === undefined ? code.replaceAll("_", " ") : (meanings[reason] ?? reason)}</span>
      </span>
    ),
  },
  { id: "prefix", label: "Path", card: "none", render: ({ last }) => (last.prefix === "" ? "—" : `/${last.prefix}`) },
  { id: "ip", label: "From", card: "none", render: ({ last }) => last.clientIp },
  { id: "count", label: "Times", align: "end", render: ({ count }) => formatCount(count) },
  {
    id: "at",
    label: "Last",
    align: "end",
    render: ({ last }) => (
      <time dateTime={last.at} title={formatMomentExactly(last.at, tz)}>
        {formatAgo(last.at, Date.now())}
      </time>
    ),
  },
];

const statuses = ["401", "403", "429"];

/** The same three answers where a provider gave them: the key was let in here and not there, or asked too much. */
export function RefusedByProviders({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = usePlace();
  const { data, error, isLoading, reload } = useAnswer(scope, {
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
      note: status === "429" ? <Badge mood="warning">too many</Badge> : <Badge mood="bad">not allowed</Badge>,
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
      title="Refused by providers"
      subtitle="401, 403 and 429 that came from the provider, in this range"
      isLoading={isLoading && data !== undefined}
      error={data && error}
    >
      {error && data === undefined ? (
        <Failure error={error} onRetry={reload} />
      ) : (
        <BarList rows={rows} size={4} empty="No provider refused a call in this range" />
      )}
    </Panel>
  );
}
