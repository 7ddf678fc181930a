import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
  readonly children?: ComponentChildren;
  readonly icon?: IconName;
  readonly kind?: "plain" | "primary" | "quiet" | "danger";
  readonly size?: "small" | "medium";
  /** For screen readers and as tooltip; required without text. */
  readonly label?: string;
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  readonly disabled?: boolean;
  readonly type?: "button" | "submit";
  readonly class?: string;
  readonly onClick?: (event: MouseEvent) => void;
}

export function Button(props: ButtonProps): JSX.Element {
  const { children, icon, kind = "plain", size = "medium", label, pressed, expanded, disabled, type, onClick } = props;
  const classes = ["button", kind, size, children === undefined ? "square" : "", props.class ?? ""];
  return (
    <button
      type={type ?? "button"}
      class={classes.filter(Boolean).join(" ")}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      disabled={disabled ?? false}
      onClick={(event) => onClick?.(event)}
    >
      {icon && <Icon name={icon} />}
      {children !== undefined && <span class="button-text">{children}</span>}
    </button>
  );
}
