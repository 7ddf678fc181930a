import type { JSX } from "preact";
import type { KeyRow } from "../../../src/admin/api/contract.ts";
import { ActionDialog } from "./action-dialog.tsx";
import type { KeyAction } from "./key-menu.tsx";
import { SecretDialog } from "./secret-dialog.tsx";

/** What is being done to keys: something to one of them, or a new one is shown. */
export type KeyTask =
  | { readonly kind: "action"; readonly action: KeyAction; readonly row: KeyRow }
  | { readonly kind: "secret"; readonly secret: string };

interface KeyDialogsProps {
  readonly task: KeyTask | null;
  readonly onTask: (task: KeyTask | null) => void;
}

export function KeyDialogs({ task, onTask }: KeyDialogsProps): JSX.Element | null {
  if (task === null) return null;
  if (task.kind === "secret") return <SecretDialog secret={task.secret} onClose={() => onTask(null)} />;
  // The secret's own dialog follows the one that asked for it.
  let next: KeyTask | null = null;
  return (
    <ActionDialog
      action={task.action}
      row={task.row}
      onClose={() => onTask(next)}
      onSecret={(secret) => (next = { kind: "secret", secret })}
    />
  );
}
