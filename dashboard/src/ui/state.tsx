import type { ComponentChildren, JSX } from "preact";
import type { ApiError } from "../data/api.ts";
import { Button } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";

interface EmptyProps {
  readonly icon?: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
}

/** An empty state with a hint. */
export function Empty({ icon = "search", title, children, actions }: EmptyProps): JSX.Element {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={20} />
      </span>
      <p class="empty-title">{title}</p>
      {children !== undefined && <div class="empty-text">{children}</div>}
      {actions !== undefined && <div class="empty-actions">{actions}</div>}
    </div>
  );
}

function titleOf({ status, problem }: ApiError): string {
  if (status === 0) return "No connection";
  if (status === 503) return "Not ready yet";
  return problem?.title ?? `Error ${status}`;
}

/** An error with its id in the gateway's log and a retry button. */
export function Failure({ error, onRetry }: { readonly error: ApiError; readonly onRetry?: () => void }): JSX.Element {
  return (
    <div class="empty failure" role="alert">
      <span class="empty-icon">
        <Icon name="errors" size={20} />
      </span>
      <p class="empty-title">{titleOf(error)}</p>
      <div class="empty-text">
        {error.message}
        {error.problem?.errors?.map(({ where, message }) => (
          <div key={where}>
            <code>{where}</code>: {message}
          </div>
        ))}
        {error.problem?.request_id !== undefined && (
          <div>
            Request ID: <code>{error.problem.request_id}</code>
          </div>
        )}
      </div>
      {onRetry && (
        <div class="empty-actions">
          <Button icon="refresh" onClick={onRetry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

interface NoticeProps {
  readonly kind: "info" | "warning" | "danger";
  readonly children: ComponentChildren;
  readonly actions?: ComponentChildren;
}

/** A banner above a page, for stale data, read-only prices or a failed reload. */
export function Notice({ kind, children, actions }: NoticeProps): JSX.Element {
  const icons = { info: "info", warning: "errors", danger: "errors" } as const;
  return (
    <div class={`notice ${kind}`} role={kind === "info" ? "note" : "status"}>
      <Icon name={icons[kind]} />
      <div class="notice-text">{children}</div>
      {actions}
    </div>
  );
}

/** A placeholder while text loads. */
export function Skeleton({
  width = "100%",
  height = 12,
}: {
  readonly width?: string;
  readonly height?: number;
}): JSX.Element {
  return <span class="skeleton" style={{ width, height: `${height}px` }} aria-hidden="true" />;
}

export function SkeletonRows({ rows, height = 32 }: { readonly rows: number; readonly height?: number }): JSX.Element {
  return (
    <div class="skeleton-rows" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} style={{ height: `${height}px` }}>
          <Skeleton width={`${[42, 56, 34, 48, 38][row % 5] ?? 40}%`} />
          <Skeleton width="12%" />
        </div>
      ))}
    </div>
  );
}
