import type { JSX } from "preact";

/** LMGate's logo. */
export function Mark({ size = 24 }: { readonly size?: number }): JSX.Element {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M9 24V14a7 7 0 0 1 14 0v10M13.5 24V14.5a2.5 2.5 0 0 1 5 0V24" />
    </svg>
  );
}
