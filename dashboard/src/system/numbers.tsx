import type { JSX } from "preact";

export type Fact = readonly [label: string, value: JSX.Element | string, title?: string | undefined];

/** A row of figures. */
export function Numbers({ facts }: { readonly facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="numbers">
      {facts.map(([label, value, title]) => (
        <div key={label} title={title}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
