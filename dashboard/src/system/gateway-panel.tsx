import type { JSX } from "preact";
import type { ProxyStatus } from "../../../src/admin/api/contract.ts";
import { formatAgo, formatMomentExactly } from "../format/moment.ts";
import { formatCountExactly, formatDuration } from "../format/number.ts";
import { DataTable, type Column } from "../ui/data-table.tsx";
import { Panel } from "../ui/panel.tsx";
import { Badge } from "../ui/status.tsx";
import { Numbers, type Fact } from "./numbers.tsx";

interface StatusProps {
  readonly status: ProxyStatus;
  readonly tz: string;
}

/** Version, uptime and workers of the gateway. */
export function GatewayPanel({ status, tz }: StatusProps): JSX.Element {
  const facts: readonly Fact[] = [
    ["State", <Badge mood={status.state === "serving" ? "good" : "warning"}>{status.state}</Badge>],
    ["Version", status.version],
    ["Node.js", status.node],
    ["Uptime", ageWords(status.uptimeSeconds), formatMomentExactly(status.startedAt, tz)],
    ["Address", `${status.address.host}:${status.address.port}`],
    ["Running requests", formatCountExactly(status.callsInFlight)],
    ["Instance", <code title={status.instance}>{status.instance.slice(0, 8)}</code>],
  ];
  return (
    <Panel title="Gateway" isFlush>
      <Numbers facts={facts} />
      <DataTable label="Workers" columns={threadColumns} rows={status.threads} keyOf={({ name }) => name} />
    </Panel>
  );
}

type Thread = ProxyStatus["threads"][number];

const lag = (id: "p50" | "p99" | "max"): Column<Thread> => ({
  id,
  label: `Delay ${id}`,
  align: "end",
  card: id === "p99" ? "field" : "none",
  hint: "Event-loop delay of the worker",
  // The ledger worker does not measure its own delay.
  render: ({ name, loopLagMs }) =>
    name === "ledger" ? <span title="Not measured">—</span> : formatDuration(loopLagMs[id]),
});

const threadColumns: readonly Column<Thread>[] = [
  { id: "name", label: "Worker", card: "title", render: ({ name }) => name },
  {
    id: "state",
    label: "State",
    render: ({ state, isStarved }) => (
      <Badge mood={state === "down" ? "bad" : state === "starting" || isStarved ? "warning" : "good"}>
        {isStarved ? "starved" : state}
      </Badge>
    ),
  },
  { id: "restarts", label: "Restarts", align: "end", render: ({ restarts }) => formatCountExactly(restarts) },
  {
    id: "keys",
    label: "Allow-list version",
    align: "end",
    card: "none",
    hint: "Version of the allow-list that the worker uses",
    render: ({ name, accessVersion }) => (name === "ledger" ? "—" : String(accessVersion)),
  },
  lag("p50"),
  lag("p99"),
  lag("max"),
];

/** The state of the ledger and its losses. */
export function LedgerPanel({ status, tz }: StatusProps): JSX.Element {
  const { ledger } = status;
  const facts: readonly Fact[] = [
    ["State", <Badge mood={ledger.degraded ? "bad" : "good"}>{ledger.degraded ? "cannot write" : "writing"}</Badge>],
    ["Written", formatCountExactly(ledger.written)],
    ["Dropped", <Zero count={ledger.dropped} />],
    ["Queued", formatCountExactly(ledger.queued)],
    [
      "Interrupted",
      formatCountExactly(ledger.interrupted),
      "Requests that were interrupted when their worker or the process ended",
    ],
    ["Unconfirmed", formatCountExactly(ledger.unconfirmed), "Responses sent before their records were written"],
    ["Rotations", formatCountExactly(ledger.rotations)],
    [
      "Last record",
      ledger.lastWriteAt === undefined ? "none yet" : formatAgo(ledger.lastWriteAt, Date.now()),
      ledger.lastWriteAt && formatMomentExactly(ledger.lastWriteAt, tz),
    ],
  ];
  return (
    <Panel title="Ledger" subtitle={ledger.path} isFlush>
      <Numbers facts={facts} />
      {ledger.lastError !== undefined && <p class="system-error">Last error: {ledger.lastError}</p>}
    </Panel>
  );
}

const Zero = ({ count }: { readonly count: number }): JSX.Element => (
  <Badge mood={count === 0 ? "good" : "bad"}>{formatCountExactly(count)}</Badge>
);

function ageWords(seconds: number): string {
  const [days, hours, minutes] = [seconds / 86_400, (seconds % 86_400) / 3600, (seconds % 3600) / 60].map(Math.floor);
  if (days) return `${days} d ${hours ?? 0} h`;
  if (hours) return `${hours} h ${minutes ?? 0} min`;
  return minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}
