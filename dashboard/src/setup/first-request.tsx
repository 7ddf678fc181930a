import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { RequestRow, ProxyStatus, RecentRejection } from "../../../src/admin/api/contract.ts";
import { get } from "../data/api.ts";
import { formatFilter } from "../../../src/store/filter/filter-text.ts";
import { listen } from "../data/live.ts";
import { scopeParams, useUrlState, withChanges } from "../data/url-state.ts";
import { DASH, formatCost, formatDuration, formatQuantity, isKnown } from "../format/number.ts";
import { Icon } from "../ui/icon.tsx";
import { Link } from "../ui/link.tsx";
import { Status } from "../ui/status.tsx";

interface FirstRequestProps {
  readonly provider: string;
  /** The id of the expected key; `null` for any. */
  readonly keyId: string | null;
}

const LOOK_MS = 2_000;

/** Reports the first request of the tool that is being set up, and the reason if it was rejected. */
export function FirstRequest({ provider, keyId }: FirstRequestProps): JSX.Element {
  const { params } = useUrlState();
  const [record, setRecord] = useState<RequestRow | null>(null);
  const rejection = useRejection(provider, record !== null);
  const query = new URLSearchParams({ rate: "5" });
  query.append("filter", formatFilter({ dimension: "provider", op: "is", values: [provider] }));
  if (keyId !== null) query.append("filter", formatFilter({ dimension: "key", op: "is", values: [keyId] }));
  const path = `/requests/stream?${query.toString()}`;
  useEffect(() => {
    setRecord(null);
    return listen(path, {
      call: (row) => setRecord(row as RequestRow), // the contract defines the event
    });
  }, [path]);
  if (record !== null) {
    const hasFailed = record.error_type !== null;
    return (
      <div class={`waiting ${hasFailed ? "bad" : "done"}`} role="status">
        <span class="waiting-mark">
          <Icon name={hasFailed ? "errors" : "check"} />
        </span>
        <div>
          <strong>{hasFailed ? "A request arrived, but it failed." : "It works."}</strong>{" "}
          {record.model ?? record.endpoint} for {record.owner ?? record.lmgate_id}:{" "}
          <Status status={record.status} error={record.error_type} /> in {formatDuration(record.duration_ms)},{" "}
          {tokensOf(record)}, {formatCost(record.cost_usd)}.{" "}
          <Link page="requests" params={withChanges(scopeParams(params), { id: record.id })}>
            See its record
          </Link>
        </div>
      </div>
    );
  }
  if (rejection !== null) {
    return (
      <div class="waiting bad" role="status">
        <span class="waiting-mark">
          <Icon name="errors" />
        </span>
        <div>
          <strong>A request arrived and was rejected</strong> with {rejection.status}: {adviceOf(rejection)}
        </div>
      </div>
    );
  }
  return (
    <div class="waiting" role="status">
      <span class="waiting-mark">
        <span class="spinner" />
      </span>
      <div>
        <strong>Waiting for the first request…</strong> Start the tool and send a prompt. The result appears here.
      </div>
    </div>
  );
}

const tokensOf = ({ total_tokens: tokens }: RequestRow): string =>
  isKnown(tokens) ? formatQuantity(tokens, "token") : `${DASH} tokens`;

function adviceOf({ reason, code, maskedKey }: RecentRejection): string {
  if (reason === "no_key") return "it had no key. Check the tool's environment variables.";
  if (reason === "unknown_key") return `its key, which ends with ${maskedKey}, is not on the allow-list.`;
  if (reason === "expired") return `its key, which ends with ${maskedKey}, has expired.`;
  if (reason === "mixed_keys") return "it sent two different keys.";
  return `${code.replaceAll("_", " ")}. Check the base URL.`;
}

/** Rejected requests have no record, so they are not in the stream. */
function useRejection(provider: string, isDone: boolean): RecentRejection | null {
  const [rejection, setRejection] = useState<RecentRejection | null>(null);
  useEffect(() => {
    setRejection(null);
    if (isDone) return undefined;
    const since = new Date().toISOString();
    const look = (): void => {
      if (document.hidden) return;
      get<ProxyStatus>("/status").then(
        ({ refusals }) => setRejection(refusals.find(({ at, prefix }) => at > since && prefix === provider) ?? null),
        () => undefined,
      );
    };
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [provider, isDone]);
  return rejection;
}
