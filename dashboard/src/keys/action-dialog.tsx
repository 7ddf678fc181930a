import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { KeyRow, KeysChanged } from "../../../src/admin/api/contract.ts";
import { acknowledged, keyPath, useMutation } from "../data/use-mutation.ts";
import { formatQuantity } from "../format/number.ts";
import { formatAgo } from "../format/moment.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Problem } from "../ui/form.tsx";
import { Select } from "../ui/select.tsx";
import { toast } from "../ui/toast.tsx";
import type { KeyAction } from "./key-menu.tsx";

interface ActionDialogProps {
  readonly action: KeyAction;
  readonly row: KeyRow;
  readonly onClose: () => void;
  readonly onSecret: (secret: string) => void;
}

/** Confirms a change of a key and explains its effect first. */
export function ActionDialog({ action, ...rest }: ActionDialogProps): JSX.Element {
  if (action === "rotate") return <Rotate {...rest} />;
  if (action === "change") return <Change {...rest} />;
  if (action === "revoke") return <Revoke {...rest} />;
  return <Switch {...rest} isOn={action === "enable"} />;
}

type PartProps = Omit<ActionDialogProps, "action">;

interface ConfirmProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly verb: string;
  readonly isDanger?: boolean;
  readonly isReady?: boolean;
  readonly onClose: () => void;
  /** Resolves to true on success. */
  readonly onConfirm: () => Promise<boolean>;
}

function Confirm({ title, children, verb, isDanger, isReady = true, onClose, onConfirm }: ConfirmProps): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const confirm = async (): Promise<void> => {
    setBusy(true);
    if (await onConfirm()) onClose();
    else setBusy(false);
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind={isDanger ? "danger" : "primary"} disabled={isBusy || !isReady} onClick={() => void confirm()}>
            {isBusy ? "Saving…" : verb}
          </Button>
        </>
      }
    >
      <div class="form">{children}</div>
    </Dialog>
  );
}

const graces = [
  { value: "0", label: "stops working immediately" },
  { value: "3600", label: "works for 1 more hour" },
  { value: "86400", label: "works for 1 more day" },
  { value: "604800", label: "works for 7 more days" },
  { value: "2592000", label: "works for 30 more days" },
] as const;

function Rotate({ row, onClose, onSecret }: PartProps): JSX.Element {
  const [grace, setGrace] = useState<(typeof graces)[number]["value"]>("86400");
  const [apiKey, setApiKey] = useState("");
  const { error, run } = useMutation<KeysChanged>();
  const rotate = async (): Promise<boolean> => {
    const given = apiKey.trim() === "" ? {} : { apiKey: apiKey.trim() };
    const changed = await run("POST", `${keyPath(row.id)}/rotate`, { graceSeconds: Number(grace), ...given });
    if (changed === undefined) return false;
    toast(`${row.id} has a new key, ${acknowledged(changed.acknowledgedBy)}`);
    if (changed.secret !== undefined) onSecret(changed.secret);
    return true;
  };
  return (
    <Confirm title={`Rotate ${row.id}`} verb="Rotate" onClose={onClose} onConfirm={rotate}>
      <p>
        Creates a new key for this id. Both keys work during the overlap, so you can update clients without
        interruption.
      </p>
      <Select label="Overlap" prefix={`Old key ${row.maskedKey}`} value={grace} options={graces} onChange={setGrace} />
      <Field
        label="New provider key"
        type="password"
        value={apiKey}
        onInput={setApiKey}
        note="Leave empty to generate a key, which is shown only once."
      />
      <Problem error={error} />
    </Confirm>
  );
}

function Change({ row, onClose }: PartProps): JSX.Element {
  const [owner, setOwner] = useState(row.owner);
  const [expires, setExpires] = useState(row.expiresAt?.slice(0, 10) ?? "");
  const { error, run } = useMutation<KeysChanged>();
  const isSameEnd = expires === (row.expiresAt?.slice(0, 10) ?? "");
  const change = async (): Promise<boolean> => {
    const changed = await run("PATCH", keyPath(row.id), {
      owner: owner.trim(),
      ...(isSameEnd ? {} : { expiresAt: expires === "" ? null : expires }),
    });
    if (changed) toast(`${row.id} changed, ${acknowledged(changed.acknowledgedBy)}`);
    return changed !== undefined;
  };
  return (
    <Confirm title={`Edit ${row.id}`} verb="Save" isReady={owner.trim() !== ""} onClose={onClose} onConfirm={change}>
      <Field label="Owner" value={owner} onInput={setOwner} note="Applies to new requests." />
      <Field
        label="Expires on"
        type="date"
        value={expires}
        onInput={setExpires}
        note="The key stops working at the start of that day (UTC). Leave empty for no expiry. Applies to all keys with this id."
      />
      <Problem error={error} />
    </Confirm>
  );
}

function Switch({ row, isOn, onClose }: PartProps & { readonly isOn: boolean }): JSX.Element {
  const { error, run } = useMutation<KeysChanged>();
  const change = async (): Promise<boolean> => {
    const changed = await run("PATCH", keyPath(row.id), { disabled: !isOn });
    if (changed) toast(`${row.id} ${isOn ? "enabled" : "disabled"}, ${acknowledged(changed.acknowledgedBy)}`);
    return changed !== undefined;
  };
  return (
    <Confirm
      title={`${isOn ? "Enable" : "Disable"} ${row.id}`}
      verb={isOn ? "Enable" : "Disable"}
      isDanger={!isOn}
      onClose={onClose}
      onConfirm={change}
    >
      <p>
        {isOn
          ? "Requests with its keys are accepted again."
          : "Requests with its keys are rejected with status 403 until you enable it again. Running requests finish."}
      </p>
      <LastUse row={row} />
      <Problem error={error} />
    </Confirm>
  );
}

function Revoke({ row, onClose }: PartProps): JSX.Element {
  const [typed, setTyped] = useState("");
  const { error, run } = useMutation<KeysChanged>();
  const revoke = async (): Promise<boolean> => {
    const changed = await run("DELETE", keyPath(row.id));
    if (changed) toast(`${row.id} revoked, ${acknowledged(changed.acknowledgedBy)}`);
    return changed !== undefined;
  };
  return (
    <Confirm
      title={`Revoke ${row.id}`}
      verb="Revoke"
      isDanger
      isReady={typed.trim() === row.id}
      onClose={onClose}
      onConfirm={revoke}
    >
      <p>
        All keys with this id are removed from the allow-list. Requests with them are rejected with status 403
        immediately. Their past requests stay in the statistics.
      </p>
      <LastUse row={row} />
      <Field label={`To confirm, type ${row.id}`} value={typed} onInput={setTyped} autofocus />
      <Problem error={error} />
    </Confirm>
  );
}

const LastUse = ({ row }: { readonly row: KeyRow }): JSX.Element => (
  <p class="field-note">
    {row.lastUsed === null
      ? "Never used."
      : `Last used ${formatAgo(row.lastUsed, Date.now())}; ${formatQuantity(row.requests24h, "request")} in the last 24 hours.`}
  </p>
);
