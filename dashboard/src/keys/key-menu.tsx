import type { JSX } from "preact";
import type { KeyRow } from "../../../src/admin/api/contract.ts";
import { Choice, Popover } from "../ui/popover.tsx";

export type KeyAction = "rotate" | "disable" | "enable" | "change" | "revoke";

interface KeyMenuProps {
  readonly row: KeyRow;
  readonly onAction: (action: KeyAction, row: KeyRow) => void;
}

/** The actions for a key. */
export function KeyMenu({ row, onAction }: KeyMenuProps): JSX.Element {
  const actions: readonly (readonly [KeyAction, string])[] = [
    ["rotate", "Rotate…"],
    ["change", "Edit owner and expiry…"],
    row.state === "disabled" ? ["enable", "Enable"] : ["disable", "Disable…"],
    ["revoke", "Revoke…"],
  ];
  return (
    <Popover label={`Actions for ${row.id}`} icon="more" align="end" class="row-menu">
      {(close) => (
        <div class="menu">
          {actions.map(([action, text]) => (
            <Choice
              key={action}
              onChoose={() => {
                close();
                onAction(action, row);
              }}
            >
              {text}
            </Choice>
          ))}
        </div>
      )}
    </Popover>
  );
}
