import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { SystemInfo } from "../../../src/admin/api/contract.ts";
import { acknowledged, useMutation } from "../data/use-mutation.ts";
import type { Scope } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { formatAgo } from "../format/moment.ts";
import { formatCountExactly, formatQuantity } from "../format/number.ts";
import { issuesOf } from "../overview/health-strip.tsx";
import { GatewayPanel, LedgerPanel } from "../system/gateway-panel.tsx";
import { Numbers } from "../system/numbers.tsx";
import { SettingsPanel } from "../system/settings-panel.tsx";
import { StorePanel } from "../system/store-panel.tsx";
import { Button } from "../ui/button.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Failure, Notice, SkeletonRows } from "../ui/state.tsx";
import { Badge } from "../ui/status.tsx";
import { toast } from "../ui/toast.tsx";

/** The state of the gateway itself. */
export function SystemPage({ scope }: { readonly scope: Scope }): JSX.Element {
  const { data, error, reload } = useResource<SystemInfo>("/system");
  const troubles = data ? issuesOf(data.status) : [];
  return (
    <>
      <PageHead title="System" subtitle="The gateway itself: settings, ledger and problems" />
      {troubles.map((trouble) => (
        <Notice key={trouble} kind="danger">
          {trouble}
        </Notice>
      ))}
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <SkeletonRows rows={14} height={44} />}
      {data && (
        <div class="stack first">
          <GatewayPanel status={data.status} tz={scope.tz} />
          <Checks checks={data.checks} />
          <div class="grid-2">
            <LedgerPanel status={data.status} tz={scope.tz} />
            <StorePanel store={data.store} tz={scope.tz} />
          </div>
          <Allowlist status={data.status} />
          <SettingsPanel settings={data.settings} />
          <Licenses licenses={data.licenses} />
        </div>
      )}
    </>
  );
}

const moods = { ok: "good", warning: "warning", failure: "bad" } as const;

function Checks({ checks }: Pick<SystemInfo, "checks">): JSX.Element {
  const bad = checks.filter(({ result }) => result !== "ok").length;
  return (
    <Panel
      title="Checks"
      subtitle={bad === 0 ? "No problems" : `${bad} of ${checks.length} ${bad === 1 ? "needs" : "need"} attention`}
      isFlush
    >
      <ul class="checks">
        {checks.map(({ name, result, detail, remedy }) => (
          <li key={name}>
            <Badge mood={moods[result]}>{result}</Badge>
            <strong>{name}</strong>
            <span>
              {detail}
              {remedy !== undefined && <span class="muted"> · {remedy}</span>}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Allowlist({ status: { allowlist } }: Pick<SystemInfo, "status">): JSX.Element {
  const { isBusy, error, run } = useMutation<{ readonly keys: number; readonly acknowledgedBy: number }>();
  const again = async (): Promise<void> => {
    const done = await run("POST", "/reload");
    if (done) toast(`${formatQuantity(done.keys, "key")}, ${acknowledged(done.acknowledgedBy)}`);
  };
  useEffect(() => {
    if (error !== null) toast(error.message, "failed");
  }, [error]);
  const problem = error?.problem?.errors?.map(({ message }) => message).join("; ") ?? allowlist.error;
  return (
    <Panel
      title="Allow-list"
      subtitle={allowlist.path}
      isFlush
      actions={
        <Button icon="refresh" disabled={isBusy} onClick={() => void again()}>
          Reload
        </Button>
      }
    >
      <Numbers
        facts={[
          ["Keys", formatCountExactly(allowlist.keys)],
          ["Version", String(allowlist.version)],
          ["Last loaded", formatAgo(allowlist.loadedAt, Date.now())],
          ["Failed reloads", formatCountExactly(allowlist.reloadErrors)],
        ]}
      />
      {problem !== undefined && <p class="system-error">{problem}</p>}
    </Panel>
  );
}

function Licenses({ licenses }: Pick<SystemInfo, "licenses">): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <Panel
      title="Licenses"
      subtitle={`${formatQuantity(licenses.length, "package")} installed with the gateway`}
      isFlush
      actions={
        <Button size="small" expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? "Hide" : "Show"}
        </Button>
      }
    >
      {isOpen && (
        <ul class="checks">
          {licenses.map(({ name, version, license }) => (
            <li key={name}>
              <span>{license}</span>
              <span class="muted">{version}</span>
              <strong>{name}</strong>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
