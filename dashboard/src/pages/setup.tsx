import type { JSX } from "preact";
import type { ProxyStatus, KeyRow, ProviderInfo } from "../../../src/admin/api/contract.ts";
import { scopeParams, setParams, useUrlState } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { FirstRequest } from "../setup/first-request.tsx";
import { Snippet } from "../setup/snippet.tsx";
import { HEADER, tools, type Tool } from "../setup/tools.ts";
import { Icon } from "../ui/icon.tsx";
import { Link } from "../ui/link.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Segmented, Select } from "../ui/select.tsx";
import { Empty, Failure, SkeletonRows } from "../ui/state.tsx";

const carriers = [
  { value: "own", label: "Provider key" },
  { value: "made", label: "LMGate key" },
] as const;

/** How to point a tool at the gateway. */
export function SetupPage(): JSX.Element {
  const { params } = useUrlState();
  const { data: providers, error, reload } = useResource<readonly ProviderInfo[]>("/providers");
  const tool = tools.find(({ id }) => id === params.get("tool")) ?? tools[0];
  return (
    <>
      <PageHead
        title="Setup"
        subtitle="Point a tool at the gateway: set one base URL and use a key that is on the allow-list."
      />
      <div class="setup">
        <nav class="setup-tools" aria-label="Tools">
          {(["Tools", "Libraries"] as const).map((kind) => (
            <ToolList key={kind} kind={kind} chosen={tool} />
          ))}
        </nav>
        <div class="stack setup-steps">
          {error && providers === undefined && <Failure error={error} onRetry={reload} />}
          {!error && providers === undefined && <SkeletonRows rows={8} height={36} />}
          {providers && tool && <Steps key={tool.id} tool={tool} providers={providers} />}
          {providers && <Addresses providers={providers} />}
        </div>
      </div>
    </>
  );
}

function ToolList({ kind, chosen }: { readonly kind: Tool["kind"]; readonly chosen: Tool | undefined }): JSX.Element {
  return (
    <div class="setup-group">
      <h2>{kind}</h2>
      <ul>
        {tools
          .filter((tool) => tool.kind === kind)
          .map(({ id, label }) => (
            <li key={id}>
              <button
                type="button"
                class="choice"
                aria-pressed={id === chosen?.id}
                onClick={() => setParams({ tool: id, provider: null }, { replace: true })}
              >
                <span class="choice-text">{label}</span>
                {id === chosen?.id && <Icon name="right" size={12} />}
              </button>
            </li>
          ))}
      </ul>
    </div>
  );
}

interface StepsProps {
  readonly tool: Tool;
  readonly providers: readonly ProviderInfo[];
}

function Steps({ tool, providers }: StepsProps): JSX.Element {
  const { params } = useUrlState();
  const { data: keys } = useResource<readonly KeyRow[]>("/keys");
  const usable = providersFor(tool, providers);
  const provider = usable.find(({ name }) => name === params.get("provider")) ?? usable[0];
  const isMade = params.get("key-kind") === "made";
  const keyId = keys?.find(({ id }) => id === params.get("key"))?.id ?? null;
  if (provider === undefined) {
    return (
      <Panel title={tool.label}>
        <Empty icon="setup" title={`${tool.providers.join(" or ")} is not enabled`}>
          Add it under <code>providers</code> in the gateway's configuration.
        </Empty>
      </Panel>
    );
  }
  const text = tool.write({ base: provider.baseUrl, key: isMade ? "<lmg_…>" : undefined });
  return (
    <Panel
      title={tool.label}
      subtitle={tool.where}
      actions={
        usable.length > 1 && (
          <Select
            label="Provider"
            prefix="for"
            value={provider.name}
            options={usable.map(({ name }) => ({ value: name, label: name }))}
            onChange={(value) => setParams({ provider: value }, { replace: true })}
          />
        )
      }
    >
      <div class="setup-key">
        <Segmented
          label="Kind of key"
          value={isMade ? "made" : "own"}
          options={carriers}
          onChange={(value) => setParams({ "key-kind": value === "made" ? value : null }, { replace: true })}
        />
        <Select
          label="Key"
          prefix="Key"
          value={keyId ?? ""}
          options={[{ value: "", label: "any" }, ...keyOptions(keys)]}
          onChange={(value) => setParams({ key: value || null }, { replace: true })}
        />
      </div>
      <KeyNote isMade={isMade} chosen={keys?.find(({ id }) => id === keyId)} />
      <Snippet text={text} label={`Setup for ${tool.label}`} />
      <Traps tool={tool} />
      <FirstRequest provider={provider.name} keyId={keyId} />
    </Panel>
  );
}

function KeyNote({ isMade, chosen }: { readonly isMade: boolean; readonly chosen: KeyRow | undefined }): JSX.Element {
  const { params } = useUrlState();
  return (
    <p class="setup-note">
      {isMade ? (
        <>
          Send the key in <code>{HEADER}</code>, in addition to the provider's credential, which LMGate forwards
          unchanged. The key was shown once, when it was created. Lost it?{" "}
        </>
      ) : (
        "The key that the tool sends must be on the allow-list. Not there yet? "
      )}
      <Link page="keys" params={scopeParams(params)}>
        {isMade ? "Generate another" : "Add it"}
      </Link>
      .{chosen && ` The key of ${chosen.id} ends with ${chosen.maskedKey}.`}
    </p>
  );
}

/** The enabled providers that the tool can use, the usual one first. */
function providersFor({ providers: wanted }: Tool, all: readonly ProviderInfo[]): readonly ProviderInfo[] {
  return wanted.flatMap((name) => all.filter((one) => one.name === name));
}

function keyOptions(keys: readonly KeyRow[] | undefined): { readonly value: string; readonly label: string }[] {
  const ids = new Set(keys?.filter(({ state }) => state === "active").map(({ id }) => id));
  return [...ids].map((id) => ({ value: id, label: id }));
}

function Traps({ tool }: { readonly tool: Tool }): JSX.Element {
  return (
    <section class="traps" aria-label="Notes">
      <h3>Notes</h3>
      <ul>
        {tool.traps.map((trap) => (
          <li key={trap}>{trap}</li>
        ))}
      </ul>
    </section>
  );
}

function Addresses({ providers }: { readonly providers: readonly ProviderInfo[] }): JSX.Element {
  const { data: status } = useResource<ProxyStatus>("/status");
  const isLocal = status !== undefined && ["127.0.0.1", "::1", "localhost"].includes(status.address.host);
  return (
    <Panel
      title="Base URLs"
      subtitle={
        isLocal
          ? "The gateway listens on this machine only. Change server.host to listen on other addresses."
          : "For clients on the gateway's machine. From other machines, replace the host with the gateway's host name."
      }
      isFlush
    >
      <ul class="addresses">
        {providers.map(({ name, baseUrl, upstream }) => (
          <li key={name}>
            <strong>{name}</strong>
            <Snippet text={baseUrl} label={`Base URL of ${name}`} />
            <span class="muted">forwarded to {upstream}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
