import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ProxyStatus, KeyRow } from "../../../src/admin/api/contract.ts";
import { setParams, useUrlState, type Scope } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { formatCountExactly } from "../format/number.ts";
import { AddDialog } from "../keys/add-dialog.tsx";
import { ImportDialog } from "../keys/import-dialog.tsx";
import { KeyDialogs, type KeyTask } from "../keys/key-dialogs.tsx";
import { KeysTable } from "../keys/keys-table.tsx";
import { Button } from "../ui/button.tsx";
import { EstimatedNote } from "../ui/coverage.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Select } from "../ui/select.tsx";
import { Empty, Failure, Notice, SkeletonRows } from "../ui/state.tsx";

const states = [
  { value: "all", label: "all" },
  { value: "active", label: "active" },
  { value: "disabled", label: "disabled" },
  { value: "expired", label: "expired" },
] as const;

/** The keys on the allow-list. */
export function KeysPage({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = useUrlState();
  const { data, error, reload } = useResource<readonly KeyRow[]>("/keys");
  const { data: status } = useResource<ProxyStatus>("/status");
  const [dialog, setDialog] = useState<"add" | "import" | null>(null);
  const [task, setTask] = useState<KeyTask | null>(null);
  const shown = data && matching(data, params);
  const close = (): void => setDialog(null);
  return (
    <>
      <PageHead
        title="Keys"
        subtitle={data ? countWords(data) : "Who has access"}
        actions={
          <>
            <Button icon="download" onClick={() => setDialog("import")}>
              Import
            </Button>
            <Button icon="plus" kind="primary" onClick={() => setDialog("add")}>
              Add key
            </Button>
          </>
        }
      />
      <Broken status={status} />
      <Panel
        title="Allow-list"
        subtitle={status?.allowlist.path ?? "\u00a0"}
        isFlush
        class="with-menus"
        error={data && error}
        actions={<Tools />}
        foot={
          <span>
            Costs are <EstimatedNote />. Changes take effect immediately.
          </span>
        }
      >
        {error && data === undefined && <Failure error={error} onRetry={reload} />}
        {!error && data === undefined && <SkeletonRows rows={10} height={36} />}
        {data?.length === 0 && <NoKeys onAdd={() => setDialog("add")} />}
        {data && data.length > 0 && shown?.length === 0 && (
          <Empty
            title="No matching keys"
            actions={<Button onClick={() => setParams({ search: null, state: null })}>Show all</Button>}
          />
        )}
        {shown && shown.length > 0 && (
          <KeysTable rows={shown} tz={scope.tz} onAction={(action, row) => setTask({ kind: "action", action, row })} />
        )}
      </Panel>
      {dialog === "add" && <AddDialog onClose={close} onSecret={(secret) => setTask({ kind: "secret", secret })} />}
      {dialog === "import" && <ImportDialog onClose={close} />}
      <KeyDialogs task={task} onTask={setTask} />
    </>
  );
}

function Broken({ status }: { readonly status: ProxyStatus | undefined }): JSX.Element | null {
  if (status?.allowlist.error === undefined) return null;
  return (
    <Notice kind="danger">
      The allow-list file is invalid: {status.allowlist.error}. The last valid list remains in force.
    </Notice>
  );
}

function Tools(): JSX.Element {
  const { params } = useUrlState();
  const state = states.find(({ value }) => value === params.get("state"))?.value ?? "all";
  return (
    <div class="table-tools">
      <input
        class="input search-box"
        type="search"
        aria-label="Search keys"
        placeholder="Search id, owner, label"
        value={params.get("search") ?? ""}
        onInput={(event) => setParams({ search: event.currentTarget.value || null }, { replace: true })}
      />
      <Select
        label="State"
        prefix="State"
        value={state}
        options={states}
        onChange={(value) => setParams({ state: value === "all" ? null : value }, { replace: true })}
      />
    </div>
  );
}

const NoKeys = ({ onAdd }: { readonly onAdd: () => void }): JSX.Element => (
  <Empty
    icon="keys"
    title="No keys yet"
    actions={
      <Button kind="primary" icon="plus" onClick={onAdd}>
        Add your first key
      </Button>
    }
  >
    Every request is rejected until you add a key.
  </Empty>
);

function matching(rows: readonly KeyRow[], params: URLSearchParams): readonly KeyRow[] {
  const search = (params.get("search") ?? "").toLowerCase();
  const state = params.get("state");
  return rows.filter((row) => {
    if (state !== null && row.state !== state) return false;
    const texts = [row.id, row.owner, row.maskedKey, ...Object.values(row.columns)];
    return texts.some((text) => text.toLowerCase().includes(search));
  });
}

function countWords(rows: readonly KeyRow[]): string {
  const active = rows.filter(({ state }) => state === "active").length;
  const owners = new Set(rows.map(({ owner }) => owner)).size;
  return `${formatCountExactly(active)} of ${formatCountExactly(rows.length)} active, ${formatCountExactly(owners)} ${owners === 1 ? "owner" : "owners"}`;
}
