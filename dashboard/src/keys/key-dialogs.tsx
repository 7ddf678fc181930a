import type { JSX } from "preact";
import type { KeyRow } from "../../../src/admin/api/contract.ts";
import { ActionDialog } from "./action-dialog.tsx";
import type { KeyAction } from "./key-menu.tsx";
import { SecretDialog } from "./secret-dialog.tsx";

/** The open dialog: a change of one key, or the display of a new one. */
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
  // The dialog with the new key follows the one that created it.
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
