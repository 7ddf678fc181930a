import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ProviderInfo } from "../../../src/admin/api/contract.ts";
import { useResource } from "../data/resource.ts";
import { Snippet } from "../setup/snippet.tsx";
import { HEADER, tools } from "../setup/tools.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Select } from "../ui/select.tsx";
import { Notice } from "../ui/state.tsx";

interface SecretDialogProps {
  readonly secret: string;
  readonly onClose: () => void;
}

/** Shows a new key and how tools use it. The key is stored nowhere; the list has only its digest. */
export function SecretDialog({ secret, onClose }: SecretDialogProps): JSX.Element {
  const { data: providers } = useResource<readonly ProviderInfo[]>("/providers");
  const [id, setId] = useState("claude-code");
  const options = tools.flatMap((tool) => {
    const provider = tool.providers.map((name) => providers?.find((one) => one.name === name)).find(Boolean);
    return provider ? [{ tool, provider }] : [];
  });
  const chosen = options.find(({ tool }) => tool.id === id) ?? options[0];
  return (
    <Dialog
      title="New key"
      width="wide"
      onClose={onClose}
      actions={
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <Notice kind="warning">Copy this key now. You won't be able to see it again; if you lose it, rotate it.</Notice>
      <div class="secret">
        <Snippet text={secret} label="New key" />
      </div>
      <p class="lead">
        Clients send it in the header <code>{HEADER}</code>, in addition to their provider credential.
      </p>
      {chosen && (
        <>
          <Select
            label="Tool"
            prefix="For"
            value={chosen.tool.id}
            options={options.map(({ tool }) => ({ value: tool.id, label: tool.label }))}
            onChange={setId}
          />
          <Snippet
            text={chosen.tool.write({ base: chosen.provider.baseUrl, key: secret })}
            label={`Setup for ${chosen.tool.label}`}
          />
          <p class="field-note">{chosen.tool.where}</p>
        </>
      )}
    </Dialog>
  );
}
