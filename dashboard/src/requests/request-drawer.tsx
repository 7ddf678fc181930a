import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { RequestRecord, Dimension, ProviderInfo } from "../../../src/admin/api/contract.ts";
import { scopeParams, useUrlState, withFilters } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { errorText } from "../format/error-text.ts";
import { formatMomentExactly } from "../format/moment.ts";
import { DASH, formatBytes } from "../format/number.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Link } from "../ui/link.tsx";
import { Failure, SkeletonRows } from "../ui/state.tsx";
import { Status } from "../ui/status.tsx";
import { copyText } from "../ui/toast.tsx";
import { curlOf } from "./request-text.ts";
import { RequestTiming } from "./request-timing.tsx";
import { RequestTokens } from "./request-tokens.tsx";

interface RequestDrawerProps {
  readonly id: string;
  readonly tz: string;
  readonly onClose: () => void;
  /** Links to the neighbors in the list. */
  readonly onNewer: (() => void) | undefined;
  readonly onOlder: (() => void) | undefined;
}

const AGAIN_MS = 1_000;

/** All details of one request. */
export function RequestDrawer({ id, tz, onClose, onNewer, onOlder }: RequestDrawerProps): JSX.Element {
  const { data, error, reload } = useResource<RequestRecord>(`/requests/${encodeURIComponent(id)}`);
  const { data: providers = [] } = useResource<readonly ProviderInfo[]>("/providers");
  const record = data?.id === id ? data : undefined;
  const isUnknown = error?.status === 404;
  // A request that has just ended is in the list before it is in the query store.
  useEffect(() => {
    if (!isUnknown) return undefined;
    const timer = setTimeout(reload, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [isUnknown, id]);
  useSteps(onNewer, onOlder);
  const actions = (
    <>
      <div class="drawer-steps">
        <Button icon="up" label="Newer request (K)" disabled={!onNewer} onClick={() => onNewer?.()} />
        <Button icon="down" label="Older request (J)" disabled={!onOlder} onClick={() => onOlder?.()} />
      </div>
      {record && (
        <>
          <Button
            icon="copy"
            onClick={() => void copyText(curlOf(record, providers), "Copied without the key and body")}
          >
            Copy as curl
          </Button>
          <Button icon="copy" onClick={() => void copyText(JSON.stringify(record, null, 2), "JSON copied")}>
            Copy JSON
          </Button>
        </>
      )}
    </>
  );
  return (
    <Dialog kind="drawer" title={record?.model ?? record?.endpoint ?? "Request"} onClose={onClose} actions={actions}>
      {error && record === undefined && <Failure error={error} onRetry={reload} />}
      {!error && record === undefined && <SkeletonRows rows={12} height={36} />}
      {record && <Details record={record} tz={tz} />}
    </Dialog>
  );
}

/** Page shortcuts are off while the drawer is open, except these two. */
function useSteps(onNewer: (() => void) | undefined, onOlder: (() => void) | undefined): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === "j") onOlder?.();
      if (event.key === "k") onNewer?.();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [onNewer, onOlder]);
}

function Details({ record, tz }: { readonly record: RequestRecord; readonly tz: string }): JSX.Element {
  return (
    <>
      <div class="drawer-lead">
        <Status status={record.status} error={record.error_type} />
        {record.error_type !== null && <code>{errorText(record)}</code>}
        <time class="muted" dateTime={record.timestamp}>
          ended {formatMomentExactly(record.timestamp, tz)}
        </time>
      </div>
      <Section title="Timing">
        <RequestTiming record={record} />
      </Section>
      <Section title="Tokens and cost">
        <RequestTokens record={record} />
      </Section>
      <Section title="Request">
        <Facts facts={requestDetails(record)} />
      </Section>
      <Section title="IDs">
        <Facts facts={idFacts(record)} />
      </Section>
      <Section title="Record">
        <pre class="record" tabIndex={0} aria-label="The record as JSON">
          {JSON.stringify(record, null, 2)}
        </pre>
        <p class="drawer-note">Prompts, response bodies and full keys are never recorded.</p>
      </Section>
    </>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <section class="drawer-section">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

type Fact = readonly [label: string, value: JSX.Element | string | number | undefined];

function Facts({ facts }: { readonly facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== "")
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function requestDetails(record: RequestRecord): readonly Fact[] {
  const { provider, owner, lmgate_id: key, model, stream } = record;
  const facts: readonly Fact[] = [
    ["Owner", owner && <Only dimension="owner" value={owner} />],
    ["Key", key === null ? DASH : <Only dimension="key" value={key} />],
    ["Key ends with", <code>{record.masked_key}</code>],
    ["Provider", <Only dimension="provider" value={provider} />],
    ["Model", model === null ? DASH : <Only dimension="model" value={model} />],
    ["Requested model", record.request_model],
    ["Response model", record.response_model],
    ["Deployment", record.deployment],
    ["Endpoint", <code>{`${record.method ?? ""} ${record.endpoint}`}</code>],
    ["Operation", record.operation],
    ["Streamed", stream === undefined ? undefined : stream ? "yes" : "no"],
    ["Request size", record.request_bytes === undefined ? undefined : formatBytes(record.request_bytes)],
    ["Response size", record.response_bytes === undefined ? undefined : formatBytes(record.response_bytes)],
    ["Service tier", record.service_tier],
    ["User agent", record.user_agent],
    ["Client address", record.client_ip],
    ["WebSocket close code", record.close_code],
  ];
  const tags = Object.entries(record.tags ?? {}).map(([name, value]): Fact => [`Tag ${name}`, value]);
  return [...facts, ...tags];
}

function idFacts(record: RequestRecord): readonly Fact[] {
  const ids: readonly (readonly [string, string | undefined])[] = [
    ["LMGate", record.id],
    ["Provider request ID", record.request_id],
    ["Provider response ID", record.response_id],
    ["WebSocket", record.session_id],
    ["Process", record.instance && `${record.instance}, record ${record.seq ?? DASH}`],
  ];
  return ids.map(([label, id]): Fact => [label, id && <Id text={id} />]);
}

function Id({ text }: { readonly text: string }): JSX.Element {
  return (
    <span class="id">
      <code>{text}</code>
      <Button icon="copy" kind="quiet" size="small" label={`Copy ${text}`} onClick={() => void copyText(text)} />
    </span>
  );
}

/** Links to all requests with the same value. */
function Only({ dimension, value }: { readonly dimension: Dimension; readonly value: string }): JSX.Element {
  const { params } = useUrlState();
  const filtered = withFilters(scopeParams(params), [{ dimension, op: "is", values: [value] }]);
  return (
    <Link page="requests" params={filtered} title={`All requests with this ${dimension}`}>
      {value}
    </Link>
  );
}
