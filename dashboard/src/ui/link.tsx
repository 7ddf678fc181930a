import type { ComponentChildren, JSX } from "preact";
import { go, hrefOf, type Params } from "../data/url-state.ts";

interface LinkProps {
  readonly page: string;
  readonly params: Params;
  readonly children: ComponentChildren;
  readonly class?: string;
  /** For screen readers; it must contain the visible text. */
  readonly label?: string;
  readonly title?: string;
  readonly isCurrent?: boolean;
  readonly onGo?: () => void;
}

/** A real link that can be copied and opened in another tab. A plain click navigates without a page load. */
export function Link({ page, params, children, label, isCurrent, onGo, ...rest }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(page, params);
    onGo?.();
  };
  return (
    <a
      href={hrefOf(page, params)}
      class={rest.class}
      aria-label={label}
      title={rest.title ?? label}
      aria-current={isCurrent ? "page" : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}
