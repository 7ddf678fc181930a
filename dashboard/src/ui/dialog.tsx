import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./button.tsx";

interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Buttons in the footer. */
  readonly actions?: ComponentChildren;
  readonly kind?: "dialog" | "drawer";
  readonly width?: "normal" | "wide";
  readonly onClose: () => void;
}

/**
 * The platform's modal dialog: it traps the focus, makes the page behind inert, closes on Escape and restores the focus.
 * As `drawer` it is at the right edge, or covers the screen of a phone.
 */
export function Dialog({
  title,
  children,
  actions,
  kind = "dialog",
  width = "normal",
  onClose,
}: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Opened after the paint, or the Enter that opens a dialog would also press its first button.
  useEffect(() => dialog.current?.showModal(), []);
  useRestoredFocus(dialog);
  return (
    <dialog
      ref={dialog}
      class={`${kind} ${width}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === event.currentTarget && onClose()}
    >
      <div class="dialog-box">
        <header class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <Button icon="close" kind="quiet" label="Close" onClick={onClose} />
        </header>
        {/* The body scrolls, so it must be reachable by keyboard. */}
        <div class="dialog-body" tabIndex={0} role="group" aria-labelledby={titleId}>
          {children}
        </div>
        {actions !== undefined && <footer class="dialog-foot">{actions}</footer>}
      </div>
    </dialog>
  );
}

/** An open dialog gives the focus back in `close()`, so it is closed before it is removed: that is when layout effects are cleaned up. */
function useRestoredFocus(dialog: { readonly current: HTMLDialogElement | null }): void {
  useLayoutEffect(() => {
    const element = dialog.current;
    return () => element?.close();
  }, []);
}
