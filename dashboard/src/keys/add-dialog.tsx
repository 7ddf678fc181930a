import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { KeysChanged, NewKey } from "../../../src/admin/api/contract.ts";
import { acknowledged, useMutation } from "../data/use-mutation.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Problem } from "../ui/form.tsx";
import { Segmented } from "../ui/select.tsx";
import { toast } from "../ui/toast.tsx";

interface AddDialogProps {
  readonly onClose: () => void;
  readonly onSecret: (secret: string) => void;
}

const kinds = [
  { value: "made", label: "Generate a new key" },
  { value: "given", label: "Add a provider key" },
] as const;

const FORM = "add-key";

export function AddDialog({ onClose, onSecret }: AddDialogProps): JSX.Element {
  const [kind, setKind] = useState<"made" | "given">("made");
  const [owner, setOwner] = useState("");
  const [id, setId] = useState("");
  const [apiKey, setApiKey] = useState("");
  const [label, setLabel] = useState("");
  const [expires, setExpires] = useState("");
  const { isBusy, error, run } = useMutation<KeysChanged>();
  const isReady = owner.trim() !== "" && (kind === "made" || apiKey.trim() !== "");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!isReady || isBusy) return;
    const wanted = { owner, id, apiKey: kind === "made" ? "" : apiKey, expires, label };
    const changed = await run("POST", "/keys", newKey(wanted));
    if (changed === undefined) return;
    toast(`Key added, ${acknowledged(changed.acknowledgedBy)}`);
    onClose();
    if (changed.secret !== undefined) onSecret(changed.secret);
  };
  const actions = (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <button type="submit" form={FORM} class="button primary medium" disabled={!isReady || isBusy}>
        {isBusy ? "Adding…" : "Add key"}
      </button>
    </>
  );
  return (
    <Dialog title="Add a key" onClose={onClose} actions={actions}>
      <form class="form" id={FORM} onSubmit={(event) => void submit(event)}>
        <Segmented label="Kind of key" value={kind} options={kinds} onChange={setKind} />
        <p class="field-note">
          {kind === "made"
            ? "LMGate generates the key and shows it once. Clients send it in addition to their provider credential."
            : "Clients keep sending their key to the provider. LMGate uses it to identify them."}
        </p>
        <Field label="Owner" value={owner} onInput={setOwner} placeholder="anna" required autofocus />
        {kind === "given" && <Field label="Provider key" type="password" value={apiKey} onInput={setApiKey} required />}
        <div class="form-row">
          <Field label="ID" value={id} onInput={setId} placeholder="Generated if empty" />
          <Field label="Label" value={label} onInput={setLabel} placeholder="laptop" />
        </div>
        <Field
          label="Expires on"
          type="date"
          value={expires}
          onInput={setExpires}
          note="The key stops working at the start of that day (UTC). Leave empty for no expiry."
        />
        <Problem error={error} />
      </form>
    </Dialog>
  );
}

type Filled = Readonly<Record<"owner" | "id" | "apiKey" | "expires" | "label", string>>;

/** Leaves out empty values. */
function newKey({ owner, id, apiKey, expires, label }: Filled): NewKey {
  return {
    owner: owner.trim(),
    ...(id.trim() === "" ? {} : { id: id.trim() }),
    ...(apiKey.trim() === "" ? {} : { apiKey: apiKey.trim() }),
    ...(expires === "" ? {} : { expiresAt: expires }),
    ...(label.trim() === "" ? {} : { columns: { label: label.trim() } }),
  };
}
