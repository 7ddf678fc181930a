import type { JSX } from "preact";
import type { ProxyStatus, ProviderInfo } from "../../../src/admin/api/contract.ts";
import { scopeParams, useUrlState } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { formatQuantity } from "../format/number.ts";
import { Link } from "../ui/link.tsx";
import { Panel } from "../ui/panel.tsx";
import { copyText } from "../ui/toast.tsx";

/** Shown before the first request: three steps that check themselves off. */
export function FirstRun(): JSX.Element {
  const { params } = useUrlState();
  const { data: status } = useResource<ProxyStatus>("/status");
  const { data: providers } = useResource<readonly ProviderInfo[]>("/providers");
  const base = providers?.find(({ name }) => name === "openai") ?? providers?.[0];
  const call = [
    `curl ${base?.baseUrl ?? "http://localhost:8080/openai"}/v1/models \\`,
    `  -H "Authorization: Bearer $OPENAI_API_KEY"`,
  ].join("\n");
  return (
    <Panel title="Get started" subtitle="Data appears here after the first request." class="first-run">
      <ol class="steps">
        <Step isDone={status?.state === "serving"} title="The gateway is running">
          {status ? `Version ${status.version} on port ${status.address.port}.` : "Waiting…"}
        </Step>
        <Step isDone={(status?.allowlist.keys ?? 0) > 0} title="A key is on the allow-list">
          {(status?.allowlist.keys ?? 0) > 0 ? (
            `${formatQuantity(status?.allowlist.keys ?? 0, "key")} on the allow-list.`
          ) : (
            <Link page="keys" params={scopeParams(params)}>
              Add your first key
            </Link>
          )}
        </Step>
        <Step isDone={false} title="Send a request">
          Point a tool at the gateway, or send a request from the shell.{" "}
          <Link page="setup" params={scopeParams(params)}>
            Set up your tool
          </Link>
          <div class="snippet">
            <pre>{call}</pre>
            <Button icon="copy" kind="quiet" size="small" label="Copy" onClick={() => void copyText(call)} />
          </div>
        </Step>
      </ol>
      <p class="first-run-note muted">
        Just looking? <code>npm run demo</code> starts a gateway with a month of sample requests. No key needed.
      </p>
    </Panel>
  );
}

interface StepProps {
  readonly isDone: boolean;
  readonly title: string;
  readonly children: JSX.Element | JSX.Element[] | string | (JSX.Element | string)[];
}

function Step({ isDone, title, children }: StepProps): JSX.Element {
  return (
    <li class={`step ${isDone ? "done" : ""}`}>
      <span class="step-mark">{isDone && <Icon name="check" size={14} />}</span>
      <div>
        <h3>
          {title}
          <span class="visually-hidden">{isDone ? " (done)" : " (to do)"}</span>
        </h3>
        <div class="step-text">{children}</div>
      </div>
    </li>
  );
}
