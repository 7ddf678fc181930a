import type { JSX } from "preact";
import type { RequestRow } from "../../../src/admin/api/contract.ts";
import { errorText } from "../format/error-text.ts";
import { costReason, usageReason } from "../format/reason.ts";
import { formatClock, formatMoment, formatMomentExactly } from "../format/moment.ts";
import {
  DASH,
  formatCost,
  formatCostExactly,
  formatCount,
  formatCountExactly,
  formatDuration,
  isKnown,
} from "../format/number.ts";
import { DataTable, type Column } from "../ui/data-table.tsx";
import { Status } from "../ui/status.tsx";

interface RequestsTableProps {
  readonly label: string;
  readonly rows: readonly RequestRow[];
  readonly tz: string;
  readonly chosen: string | null;
  readonly onOpen: (row: RequestRow) => void;
  readonly height?: number;
  readonly onView?: (first: number, last: number) => void;
  readonly onMore?: (() => void) | undefined;
}

/** A table of requests; a row links to its record. */
export function RequestsTable({ rows, tz, chosen, onOpen, ...rest }: RequestsTableProps): JSX.Element {
  const isToday = rows.every(({ timestamp }) => Date.now() - Date.parse(timestamp) < 72_000_000);
  return (
    <DataTable
      {...rest}
      columns={requestColumns(tz, isToday)}
      rows={rows}
      keyOf={({ id }) => id}
      onRow={onOpen}
      isChosen={({ id }) => id === chosen}
    />
  );
}

function requestColumns(tz: string, isToday: boolean): readonly Column<RequestRow>[] {
  return [
    timeColumn(tz, isToday),
    statusColumn,
    modelColumn,
    whoColumn,
    appColumn,
    ...tokenColumns,
    costColumn,
    ...timeColumns,
  ];
}

const timeColumn = (tz: string, isToday: boolean): Column<RequestRow> => ({
  id: "time",
  label: "Ended",
  hint: "When the request ended",
  render: ({ timestamp }) => (
    <time dateTime={timestamp} title={formatMomentExactly(timestamp, tz)}>
      {isToday ? formatClock(timestamp, tz) : formatMoment(timestamp, tz)}
    </time>
  ),
});

const statusColumn: Column<RequestRow> = {
  id: "status",
  label: "Status",
  render: ({ status, error_type, error_code }) => (
    <span class="status-cell">
      <Status status={status} error={error_type} />
      {error_type !== null && <span class="status-why">{errorText({ error_type, error_code })}</span>}
    </span>
  ),
};

const modelColumn: Column<RequestRow> = {
  id: "model",
  label: "Model",
  card: "title",
  render: ({ model, provider, endpoint }) => (
    <span class="model-cell" title={`${provider} ${endpoint}`}>
      <span class="model-name">{model ?? endpoint}</span>
      <span class="muted">{provider}</span>
    </span>
  ),
};

const whoColumn: Column<RequestRow> = {
  id: "owner",
  label: "Owner and key",
  card: "none",
  render: ({ owner, lmgate_id, masked_key }) => (
    <span class="who-cell" title={`Key ${lmgate_id ?? DASH}, ends with ${masked_key}`}>
      {owner ?? lmgate_id ?? DASH}
      {lmgate_id !== null && lmgate_id !== owner && <span class="muted"> · {lmgate_id}</span>}
    </span>
  ),
};

const appColumn: Column<RequestRow> = {
  id: "app",
  label: "Client",
  card: "none",
  render: ({ client_app }) => <span class="muted">{client_app}</span>,
};

const tokenColumns: readonly Column<RequestRow>[] = [
  { id: "input", label: "Input", key: "total_input_tokens", hint: "All input tokens, including cached" } as const,
  {
    id: "output",
    label: "Output",
    key: "total_output_tokens",
    hint: "All output tokens, including reasoning",
  } as const,
].map(({ id, label, key, hint }) => ({
  id,
  label,
  align: "end",
  card: "none",
  hint,
  render: (row: RequestRow) => (
    <span title={isKnown(row[key]) ? formatCountExactly(row[key]) : usageReason(row)}>{formatCount(row[key])}</span>
  ),
}));

const costColumn: Column<RequestRow> = {
  id: "cost",
  label: "Cost",
  align: "end",
  render: (row) => (
    <span title={isKnown(row.cost_usd) ? formatCostExactly(row.cost_usd) : costReason(row)}>
      {formatCost(row.cost_usd)}
    </span>
  ),
};

const timeColumns: readonly Column<RequestRow>[] = [
  {
    id: "ttft",
    label: "First token",
    align: "end",
    card: "none",
    render: ({ ttft_ms, stream }) => (
      <span title={isKnown(ttft_ms) ? undefined : stream === true ? "No content arrived" : "Not a stream"}>
        {formatDuration(ttft_ms)}
      </span>
    ),
  },
  {
    id: "duration",
    label: "Duration",
    align: "end",
    card: "none",
    render: ({ duration_ms }) => formatDuration(duration_ms),
  },
];
