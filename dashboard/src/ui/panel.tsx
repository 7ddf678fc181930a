import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import type { ApiError } from "../data/api.ts";
import { Badge } from "./status.tsx";

interface PanelProps {
  readonly title: string;
  /** One line under the title that explains the numbers. */
  readonly subtitle?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly foot?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
  /** Old data is shown while new data loads. */
  readonly isLoading?: boolean;
  /** Old data is shown because loading failed. */
  readonly error?: ApiError | undefined;
  /** A table or list that extends to the panel's edges. */
  readonly isFlush?: boolean;
}

/** A card with a title; pages consist of panels. */
export function Panel({
  title,
  subtitle,
  actions,
  foot,
  children,
  isLoading,
  error,
  isFlush,
  ...rest
}: PanelProps): JSX.Element {
  const titleId = useId();
  return (
    <section
      class={`panel ${isFlush ? "flush" : ""} ${rest.class ?? ""}`}
      aria-labelledby={titleId}
      aria-busy={isLoading}
    >
      <header class="panel-head">
        <div class="panel-titles">
          <h2 id={titleId}>{title}</h2>
          {subtitle !== undefined && <p class="panel-subtitle">{subtitle}</p>}
        </div>
        {error && (
          <span title={error.message}>
            <Badge mood="warning">Update failed</Badge>
          </span>
        )}
        {actions !== undefined && <div class="panel-actions">{actions}</div>}
      </header>
      <div class="panel-body">{children}</div>
      {foot !== undefined && <footer class="panel-foot">{foot}</footer>}
    </section>
  );
}

interface PageHeadProps {
  readonly title: string;
  readonly subtitle?: ComponentChildren;
  readonly actions?: ComponentChildren;
}

/** The page's one h1. */
export function PageHead({ title, subtitle, actions }: PageHeadProps): JSX.Element {
  return (
    <header class="page-head">
      <div>
        <h1>{title}</h1>
        {subtitle !== undefined && <p class="page-subtitle">{subtitle}</p>}
      </div>
      {actions !== undefined && <div class="page-actions">{actions}</div>}
    </header>
  );
}
