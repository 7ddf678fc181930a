import type { ComponentChildren, JSX } from "preact";
import { SkeletonRows } from "./state.tsx";

export interface BarRow {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  /** Full text for the tooltip. */
  readonly exactly: string;
  /** Share of the whole, 0 to 1; `null` if a share has no meaning. */
  readonly share: number | null;
  readonly note?: ComponentChildren;
  /** A CSS color. */
  readonly color?: string;
  readonly isChosen?: boolean;
  readonly onChoose?: () => void;
}

interface BarListProps {
  /** `undefined` while loading. */
  readonly rows: readonly BarRow[] | undefined;
  /** The maximum number of rows, without *other*. */
  readonly size: number;
  readonly empty: string;
}

/** A list with a bar for each share. A click on a row filters by it. */
export function BarList({ rows, size, empty }: BarListProps): JSX.Element {
  if (rows === undefined) return <SkeletonRows rows={size + 1} height={40} />;
  if (rows.length === 0) return <p class="bar-empty">{empty}</p>;
  const longest = Math.max(...rows.map(({ share }) => share ?? 0));
  return (
    <ul class="bar-list">
      {rows.map((row) => (
        <li key={row.id}>
          {row.onChoose ? (
            <button
              type="button"
              class="bar-row"
              aria-pressed={row.isChosen ?? false}
              title={`${row.label}: ${row.exactly}`}
              onClick={row.onChoose}
            >
              <Bar row={row} longest={longest} />
            </button>
          ) : (
            <span class="bar-row" title={`${row.label}: ${row.exactly}`}>
              <Bar row={row} longest={longest} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Bar({ row, longest }: { readonly row: BarRow; readonly longest: number }): JSX.Element {
  const width = row.share === null || longest === 0 ? 0 : Math.max(0.4, (row.share / longest) * 100);
  return (
    <>
      <span class="bar-top">
        <span class="bar-label">{row.label}</span>
        <span class="bar-note">{row.note}</span>
        <span class="bar-value">{row.value}</span>
      </span>
      <span class="bar-track">
        <span class="bar" style={{ width: `${width}%`, background: row.color ?? "var(--accent)" }} />
      </span>
    </>
  );
}
