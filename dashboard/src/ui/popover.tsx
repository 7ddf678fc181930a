import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon.tsx";

interface PopoverProps {
  /** The button's text, or its label if it only has an icon. */
  readonly label: string;
  readonly icon?: IconName;
  readonly text?: ComponentChildren;
  readonly class?: string;
  readonly align?: "start" | "end";
  readonly isActive?: boolean;
  /** Lets a shortcut open it. */
  readonly id?: string;
  readonly children: (close: () => void) => ComponentChildren;
}

const FOCUSABLE = 'button:not([disabled]), a[href], input:not([disabled]), select, textarea, [tabindex="0"]';

/** A button that opens a popover. Escape, a click outside and a choice close it and restore the focus. */
export function Popover({
  label,
  icon,
  text,
  align = "start",
  isActive,
  id,
  children,
  ...rest
}: PopoverProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const panelId = useId();
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  useOutside(root, isOpen, () => setOpen(false));
  useFirstFocus(root, isOpen);
  return (
    <div class={`popover-root ${rest.class ?? ""}`} ref={root} onKeyDown={(event) => isOpen && steer(event, close)}>
      <button
        type="button"
        id={id}
        ref={button}
        class={`button plain medium ${text === undefined ? "square" : ""} ${isActive ? "active" : ""}`}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-controls={isOpen ? panelId : undefined}
        aria-label={text === undefined || typeof text !== "string" ? label : undefined}
        title={label}
        onClick={() => setOpen(!isOpen)}
      >
        {icon && <Icon name={icon} />}
        {text !== undefined && <span class="button-text">{text}</span>}
        {text !== undefined && <Icon name="chevron" size={12} />}
      </button>
      {isOpen && (
        <div class={`popover ${align}`} id={panelId} role="dialog" aria-label={label}>
          {children(close)}
        </div>
      )}
    </div>
  );
}

function useOutside(root: { readonly current: HTMLElement | null }, isOpen: boolean, leave: () => void): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    const look = (event: Event): void => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) leave();
    };
    document.addEventListener("pointerdown", look);
    document.addEventListener("focusin", look);
    return () => {
      document.removeEventListener("pointerdown", look);
      document.removeEventListener("focusin", look);
    };
  }, [isOpen]);
}

function useFirstFocus(root: { readonly current: HTMLElement | null }, isOpen: boolean): void {
  useEffect(() => {
    if (!isOpen) return;
    const panel = root.current?.querySelector(".popover");
    const first = panel?.querySelector<HTMLElement>("[autofocus], [aria-pressed=true]");
    (first ?? panel?.querySelector<HTMLElement>(FOCUSABLE))?.focus();
  }, [isOpen]);
}

function steer(event: KeyboardEvent, close: () => void): void {
  if (event.key === "Escape") {
    event.stopPropagation();
    close();
  }
  const isDown = event.key === "ArrowDown";
  if (!isDown && event.key !== "ArrowUp") return;
  const panel = event.currentTarget instanceof Element ? event.currentTarget.querySelector(".popover") : null;
  const items = [...(panel?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])];
  const at = items.findIndex((item) => item === document.activeElement);
  event.preventDefault();
  items.at((at + (isDown ? 1 : items.length - 1)) % items.length)?.focus();
}

interface ChoiceProps {
  readonly children: ComponentChildren;
  readonly isChosen?: boolean;
  readonly hint?: ComponentChildren;
  readonly onChoose: () => void;
}

/** One line of a menu. */
export function Choice({ children, isChosen, hint, onChoose }: ChoiceProps): JSX.Element {
  return (
    <button type="button" class="choice" aria-pressed={isChosen ?? false} onClick={onChoose}>
      <span class="choice-mark">{isChosen && <Icon name="check" size={14} />}</span>
      <span class="choice-text">{children}</span>
      {hint !== undefined && <span class="choice-hint">{hint}</span>}
    </button>
  );
}
