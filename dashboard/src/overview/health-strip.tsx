import type { JSX } from "preact";
import type { ProxyStatus } from "../../../src/admin/api/contract.ts";
import { scopeParams, useUrlState } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { formatAgo } from "../format/moment.ts";
import { formatCount, formatDuration, formatQuantity } from "../format/number.ts";
import { Icon } from "../ui/icon.tsx";
import { Link } from "../ui/link.tsx";
import { Skeleton } from "../ui/state.tsx";

/** Returns the gateway's problems, worst first; an empty list means that there are none. */
export function issuesOf(status: ProxyStatus): readonly string[] {
  const down = status.threads.filter(({ state }) => state === "down").length;
  return [
    status.state === "serving" ? "" : `The gateway is ${status.state}`,
    status.ledger.dropped > 0
      ? `${formatQuantity(status.ledger.dropped, "record")} ${status.ledger.dropped === 1 ? "was" : "were"} dropped`
      : "",
    status.ledger.degraded ? `Records cannot be written: ${status.ledger.lastError ?? "unknown"}` : "",
    down > 0 ? `${down} of ${formatQuantity(status.threads.length, "worker")} ${down === 1 ? "is" : "are"} down` : "",
    status.allowlist.error === undefined ? "" : "The last reload of the allow-list failed",
  ].filter(Boolean);
}

/** The health of the gateway in one line. */
export function HealthStrip(): JSX.Element {
  const { params } = useUrlState();
  const { data, error } = useResource<ProxyStatus>("/status");
  if (error && data === undefined) {
    return (
      <div class="health bad" role="status">
        <Icon name="errors" /> {error.message}
      </div>
    );
  }
  if (data === undefined) {
    return (
      <div class="health">
        <Skeleton width="320px" />
      </div>
    );
  }
  const troubles = issuesOf(data);
  const lag = Math.max(0, ...data.threads.map(({ loopLagMs }) => loopLagMs.p99));
  return (
    <div class={`health ${troubles.length > 0 ? "bad" : "good"}`}>
      <span class="health-state" role="status">
        <Icon name={troubles.length > 0 ? "errors" : "check"} size={14} />
        {troubles[0] ?? "No problems"}
        {troubles.length > 1 && ` and ${troubles.length - 1} more`}
      </span>
      <Fact label="Running requests" value={formatCount(data.callsInFlight)} />
      <Fact label="Keys" value={formatCount(data.allowlist.keys)} />
      <Fact label="Dropped records" value={formatCount(data.ledger.dropped)} />
      <Fact label="Event-loop delay (p99)" value={formatDuration(lag)} />
      <Fact
        label="Last record"
        value={
          data.ledger.lastWriteAt === undefined ? "none since startup" : formatAgo(data.ledger.lastWriteAt, Date.now())
        }
      />
      <Link page="system" params={scopeParams(params)} class="health-link">
        System
      </Link>
    </div>
  );
}

function Fact({ label, value }: { readonly label: string; readonly value: string }): JSX.Element {
  return (
    <span class="fact">
      {label} <strong>{value}</strong>
    </span>
  );
}
