import type { JSX } from "preact";
import type { SystemInfo } from "../../../src/admin/api/contract.ts";
import { setParams, useUrlState } from "../data/url-state.ts";
import { DataTable, type Column } from "../ui/data-table.tsx";
import { Panel } from "../ui/panel.tsx";
import { Segmented } from "../ui/select.tsx";
import { Badge } from "../ui/status.tsx";

type Setting = SystemInfo["settings"][number];

const views = [
  { value: "all", label: "All" },
  { value: "set", label: "Customized" },
] as const;

/** Every setting and its source. The gateway masks secrets. */
export function SettingsPanel({ settings }: Pick<SystemInfo, "settings">): JSX.Element {
  const { params } = useUrlState();
  const view = params.get("settings") === "set" ? "set" : "all";
  const search = (params.get("search") ?? "").toLowerCase();
  const shown = settings.filter(
    ({ path, source }) => path.toLowerCase().includes(search) && (view === "all" || source !== "default"),
  );
  return (
    <Panel
      title="Settings"
      subtitle="Current settings. Changes to the configuration take effect after a restart."
      isFlush
      actions={
        <div class="table-tools">
          <input
            class="input search-box"
            type="search"
            aria-label="Search settings"
            placeholder="Search settings"
            value={params.get("search") ?? ""}
            onInput={(event) => setParams({ search: event.currentTarget.value || null }, { replace: true })}
          />
          <Segmented
            label="Settings"
            value={view}
            options={views}
            onChange={(value) => setParams({ settings: value === "all" ? null : value }, { replace: true })}
          />
        </div>
      }
    >
      {shown.length === 0 ? (
        <p class="bar-empty">No matching settings</p>
      ) : (
        <DataTable label="Settings" columns={columns} rows={shown} keyOf={({ path }) => path} />
      )}
    </Panel>
  );
}

const columns: readonly Column<Setting>[] = [
  { id: "path", label: "Setting", card: "title", render: ({ path }) => <code>{path}</code> },
  {
    id: "value",
    label: "Value",
    render: ({ value }) => (value === "null" ? <span class="muted">not set</span> : <code class="wrap">{value}</code>),
  },
  {
    id: "source",
    label: "Source",
    render: ({ source }) =>
      source === "default" ? (
        <span class="muted">default</span>
      ) : (
        <span title={source}>
          <Badge mood="neutral">{source.split("/").at(-1) ?? source}</Badge>
        </span>
      ),
  },
];
