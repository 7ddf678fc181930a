import type { JSX } from "preact";
import type { KeyRow } from "../../../src/admin/api/contract.ts";
import { go, scopeParams, setParams, useUrlState, type Params } from "../data/url-state.ts";
import { formatAgo, formatMomentExactly, formatUntil } from "../format/moment.ts";
import { formatCost, formatCostExactly, formatCount, formatCountExactly, isKnown } from "../format/number.ts";
import { DataTable, type Column } from "../ui/data-table.tsx";
import { Link } from "../ui/link.tsx";
import { Badge } from "../ui/status.tsx";
import { KeyMenu, type KeyAction } from "./key-menu.tsx";

interface KeysTableProps {
  readonly rows: readonly KeyRow[];
  readonly tz: string;
  readonly onAction: (action: KeyAction, row: KeyRow) => void;
}

/** The keys on the list; a row links to the key's page. */
export function KeysTable({ rows, tz, onAction }: KeysTableProps): JSX.Element {
  const { params } = useUrlState();
  const hasLabels = rows.some(({ columns }) => Object.keys(columns).length > 0);
  return (
    <DataTable
      label="Keys"
      columns={columnsFor(tz, params, onAction).filter(({ id }) => id !== "tags" || hasLabels)}
      rows={rows}
      keyOf={({ id, line }) => `${id} ${line}`}
      sort={params.get("sort") ?? "-cost30d"}
      onSort={(sort) => setParams({ sort }, { replace: true })}
      onRow={({ id }) => go(keyPage(id), scopeParams(params))}
    />
  );
}

export const keyPage = (id: string): string => `keys/${encodeURIComponent(id)}`;

const moods = { active: "good", disabled: "neutral", expired: "warning" } as const;

export function KeyState({ row, tz }: { readonly row: KeyRow; readonly tz: string }): JSX.Element {
  const { state, expiresAt } = row;
  const isEnding = state === "active" && expiresAt !== null;
  return (
    <span class="status-cell" title={expiresAt === null ? undefined : `Expiry: ${formatMomentExactly(expiresAt, tz)}`}>
      <Badge mood={moods[state]}>{state}</Badge>
      {isEnding && <span class="muted">expires {formatUntil(expiresAt, Date.now())}</span>}
    </span>
  );
}

function columnsFor(tz: string, params: Params, onAction: KeysTableProps["onAction"]): Column<KeyRow>[] {
  return [
    {
      id: "id",
      label: "ID",
      card: "title",
      sortValue: ({ id }) => id,
      render: ({ id }) => (
        <Link page={keyPage(id)} params={scopeParams(params)} class="key-link">
          {id}
        </Link>
      ),
    },
    { id: "owner", label: "Owner", sortValue: ({ owner }) => owner, render: ({ owner }) => owner },
    { id: "tags", label: "Labels", card: "none", render: ({ columns }) => <Labels columns={columns} /> },
    { id: "key", label: "Key", card: "none", render: ({ maskedKey }) => <code>{maskedKey}</code> },
    {
      id: "state",
      label: "State",
      sortValue: ({ state }) => state,
      render: (row) => <KeyState row={row} tz={tz} />,
    },
    { id: "added", label: "Added", card: "none", sortValue: ({ added }) => added, render: ({ added }) => added || "—" },
    {
      id: "lastUsed",
      label: "Last used",
      card: "none",
      sortValue: ({ lastUsed }) => lastUsed,
      render: ({ lastUsed }) => (
        <span title={lastUsed === null ? "No request with this id is recorded" : formatMomentExactly(lastUsed, tz)}>
          {formatAgo(lastUsed, Date.now())}
        </span>
      ),
    },
    {
      id: "requests24h",
      label: "Requests (24 h)",
      align: "end",
      card: "none",
      sortValue: ({ requests24h }) => requests24h,
      render: ({ requests24h }) => <span title={formatCountExactly(requests24h)}>{formatCount(requests24h)}</span>,
    },
    costColumn("cost24h", "Cost (24 h)", "none"),
    costColumn("cost30d", "Cost (30 d)", "field"),
    {
      id: "menu",
      label: "Actions",
      align: "end",
      card: "none",
      render: (row) => <KeyMenu row={row} onAction={onAction} />,
    },
  ];
}

const costColumn = (id: "cost24h" | "cost30d", label: string, card: "none" | "field"): Column<KeyRow> => ({
  id,
  label,
  align: "end",
  card,
  hint: "Estimated from list prices",
  sortValue: (row) => row[id],
  render: (row) => (
    <span title={isKnown(row[id]) ? formatCostExactly(row[id]) : "Unknown, for example because the model has no price"}>
      {formatCost(row[id])}
    </span>
  ),
});

export function Labels({ columns }: Pick<KeyRow, "columns">): JSX.Element {
  return (
    <>
      {Object.entries(columns).map(([name, value]) => (
        <span key={name} class="tag" title={`${name}: ${value}`}>
          {value}
        </span>
      ))}
    </>
  );
}
