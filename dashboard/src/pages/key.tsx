import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Filter, KeyRow } from "../../../src/admin/api/contract.ts";
import { go, scopeParams, useUrlState, withFilters, type Scope } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { formatAgo, formatDay } from "../format/moment.ts";
import { formatCost, formatCount } from "../format/number.ts";
import { KeyDialogs, type KeyTask } from "../keys/key-dialogs.tsx";
import { KeyMenu } from "../keys/key-menu.tsx";
import { keyPage, KeyState, Labels } from "../keys/keys-table.tsx";
import { Tiles } from "../overview/tiles.tsx";
import { Button } from "../ui/button.tsx";
import { Link } from "../ui/link.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Failure, Notice, SkeletonRows } from "../ui/state.tsx";

interface KeyPageProps {
  readonly scope: Scope;
  readonly rest: string;
}

/** One key, with an overview of its requests. */
export function KeyPage({ scope, rest: id }: KeyPageProps): JSX.Element {
  const { params } = useUrlState();
  const { data, error, reload } = useResource<readonly KeyRow[]>("/keys");
  const [task, setTask] = useState<KeyTask | null>(null);
  const rows = data?.filter((row) => row.id === id);
  const row = rows?.find(({ state }) => state === "active") ?? rows?.at(-1);
  const only: Filter = { dimension: "key", op: "is", values: [id] };
  const own = [...scope.filters.filter(({ dimension }) => dimension !== "key"), only];
  // The filter is in the address, so that every link on the page keeps it.
  const isNamed = scope.filters.some((one) => one.dimension === "key" && one.op === "is" && one.values.join() === id);
  useEffect(() => {
    if (!isNamed) go(keyPage(id), withFilters(params, own), { replace: true });
  }, [isNamed, id]);
  return (
    <>
      <PageHead
        title={id}
        subtitle={
          <>
            <Link page="keys" params={scopeParams(params)}>
              Keys
            </Link>
            {row && ` · owner ${row.owner}`}
          </>
        }
        actions={
          row && (
            <>
              <Button icon="requests" onClick={() => go("requests", withFilters(scopeParams(params), own))}>
                Requests
              </Button>
              <Button icon="rotate" onClick={() => setTask({ kind: "action", action: "rotate", row })}>
                Rotate
              </Button>
              <KeyMenu row={row} onAction={(action) => setTask({ kind: "action", action, row })} />
            </>
          )
        }
      />
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <SkeletonRows rows={2} height={40} />}
      {rows?.length === 0 && (
        <Notice kind="info">This id has no key on the allow-list. Its past requests, if any, are shown below.</Notice>
      )}
      {rows && rows.length > 0 && (
        <Panel title={rows.length === 1 ? "Key" : "Keys during a rotation"} isFlush>
          {rows.map((one) => (
            <KeyFacts key={one.line} row={one} tz={scope.tz} />
          ))}
        </Panel>
      )}
      <div class="key-figures">
        <Tiles scope={{ ...scope, filters: own }} without={["key", "owner"]} />
      </div>
      <KeyDialogs task={task} onTask={setTask} />
    </>
  );
}

function KeyFacts({ row, tz }: { readonly row: KeyRow; readonly tz: string }): JSX.Element {
  const facts: readonly (readonly [string, JSX.Element | string])[] = [
    ["State", <KeyState row={row} tz={tz} />],
    ["Key", <code>{row.maskedKey}</code>],
    ["Added", row.added === "" ? "—" : row.added],
    ["Expires", row.expiresAt === null ? "never" : formatDay(row.expiresAt, tz)],
    ["Last used", formatAgo(row.lastUsed, Date.now())],
    ["Requests (24 h)", formatCount(row.requests24h)],
    ["Cost (24 h)", formatCost(row.cost24h)],
    ["Cost (30 d)", formatCost(row.cost30d)],
    ...(Object.keys(row.columns).length === 0 ? [] : [["Labels", <Labels columns={row.columns} />] as const]),
  ];
  return (
    <dl class="numbers">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
