import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";

export interface Column<Row> {
  readonly id: string;
  readonly label: string;
  readonly render: (row: Row) => ComponentChildren;
  readonly align?: "start" | "end";
  /** Makes the column sortable. Unknown (`null`) is always last. */
  readonly sortValue?: (row: Row) => number | string | null;
  /** Share of the whole, drawn as a bar in the cell. */
  readonly share?: (row: Row) => number | null;
  /** How the column appears on phones, where a row is a card: as title, as field, or not at all. */
  readonly card?: "title" | "field" | "none";
  readonly total?: ComponentChildren;
  /** Tooltip of the column's header. */
  readonly hint?: string;
}

interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** A column's id, with `-` before it for descending order. Without `onSort` the rows keep their order. */
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
  readonly onRow?: (row: Row) => void;
  readonly isChosen?: (row: Row) => boolean;
  readonly hasTotals?: boolean;
  /** With several hundred rows only those in view are rendered; the table then scrolls at this height. */
  readonly height?: number;
  /** Reports the rows in view if the table scrolls by itself. */
  readonly onView?: (first: number, last: number) => void;
  /** Loads more rows on demand. */
  readonly onMore?: (() => void) | undefined;
}

/** Above this number of rows a table scrolls by itself and renders only the rows in view. */
const MANY = 150;
const ROW_PX = 36;
const SPARE = 12;

export function DataTable<Row>(props: DataTableProps<Row>): JSX.Element {
  const { columns, rows, sort, height = 640, label } = props;
  const sorted = props.onSort ? sortRows(rows, columns, sort) : rows;
  // Cards have different heights, so phones show a button for more rows instead.
  const isPhone = matchMedia("(max-width: 720px)").matches;
  const [asked, setAsked] = useState(MANY);
  const isVirtual = sorted.length > MANY && !isPhone;
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(scroller.current?.scrollTop ?? 0), [isVirtual]);
  useEffect(() => {
    if (isVirtual) props.onView?.(Math.floor(top / ROW_PX), Math.ceil((top + height) / ROW_PX));
  }, [isVirtual, top, height, sorted.length]);
  const first = isVirtual ? Math.max(0, Math.floor(top / ROW_PX) - SPARE) : 0;
  const count = isVirtual ? Math.ceil(height / ROW_PX) + 2 * SPARE : asked;
  const seen = sorted.slice(first, first + count);
  const after = sorted.length - first - seen.length;
  return (
    <div
      ref={scroller}
      class={`table-box ${isVirtual ? "virtual" : ""}`}
      style={isVirtual ? { maxHeight: `${height}px` } : {}}
      tabIndex={isVirtual ? 0 : undefined}
      role={isVirtual ? "group" : undefined}
      aria-label={isVirtual ? label : undefined}
      onScroll={isVirtual ? (event) => setTop(event.currentTarget.scrollTop) : undefined}
    >
      {/* On phones rows are laid out as cards, which would remove the table roles. */}
      <table role="table" class="data-table" aria-label={label} aria-rowcount={sorted.length + 1}>
        <Head {...props} />
        <tbody role="rowgroup">
          {first > 0 && <Spacer rows={first} columns={columns.length} />}
          {seen.map((row, at) => (
            <Row key={props.keyOf(row)} {...props} row={row} index={first + at} />
          ))}
          {isVirtual && after > 0 && <Spacer rows={after} columns={columns.length} />}
        </tbody>
        {props.hasTotals && <Totals columns={columns} />}
      </table>
      {!isVirtual && after > 0 && (
        <div class="table-more">
          <Button onClick={() => setAsked(asked + MANY)}>Show {Math.min(MANY, after)} more</Button>
        </div>
      )}
      {!isVirtual && after <= 0 && props.onMore && (
        <div class="table-more">
          <Button onClick={props.onMore}>Show more</Button>
        </div>
      )}
    </div>
  );
}

function Head<Row>({ columns, sort, onSort }: DataTableProps<Row>): JSX.Element {
  return (
    <thead role="rowgroup">
      <tr role="row">
        {columns.map((column) => {
          const isUp = sort === column.id;
          const isDown = sort === `-${column.id}`;
          return (
            <th
              key={column.id}
              role="columnheader"
              scope="col"
              class={column.align ?? "start"}
              aria-sort={isUp ? "ascending" : isDown ? "descending" : undefined}
              title={column.hint}
            >
              {onSort && column.sortValue ? (
                <button type="button" onClick={() => onSort(isDown ? column.id : `-${column.id}`)}>
                  {column.label}
                  <span class={`sort-mark ${isUp || isDown ? "on" : ""}`}>
                    <Icon name={isUp ? "up" : "down"} size={11} />
                  </span>
                </button>
              ) : (
                column.label
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

interface RowProps<Row> extends DataTableProps<Row> {
  readonly row: Row;
  readonly index: number;
}

function Row<R>({ columns, row, index, onRow, isChosen }: RowProps<R>): JSX.Element {
  const chosen = isChosen?.(row) === true;
  const open = (event: Event): void => {
    // Links, buttons and inputs inside the row keep their own action.
    if (event.target instanceof Element && event.target.closest("a, button, input, label") !== null) return;
    onRow?.(row);
  };
  return (
    <tr
      role="row"
      class={`${onRow ? "clickable" : ""} ${chosen ? "chosen" : ""}`}
      aria-rowindex={index + 2}
      aria-selected={chosen ? true : undefined}
      data-row={onRow ? "" : undefined}
      tabIndex={onRow ? 0 : undefined}
      onClick={onRow && open}
      onKeyDown={onRow && ((event) => event.key === "Enter" && open(event))}
    >
      {columns.map((column) => (
        <td
          key={column.id}
          role="cell"
          class={`${column.align ?? "start"} card-${column.card ?? "field"}`}
          data-label={column.label}
        >
          <Cell column={column} row={row} />
        </td>
      ))}
    </tr>
  );
}

function Cell<Row>({ column, row }: { readonly column: Column<Row>; readonly row: Row }): JSX.Element {
  const share = column.share?.(row);
  if (share === undefined || share === null) return <>{column.render(row)}</>;
  return (
    <span class="share-cell">
      <span class="share-track">
        <span class="share-bar" style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
      <span class="share-value">{column.render(row)}</span>
    </span>
  );
}

function Totals<Row>({ columns }: { readonly columns: readonly Column<Row>[] }): JSX.Element {
  return (
    <tfoot role="rowgroup">
      <tr role="row">
        {columns.map((column) => (
          <td
            key={column.id}
            role="cell"
            class={`${column.align ?? "start"} card-${column.card ?? "field"}`}
            data-label={column.label}
          >
            {column.total}
          </td>
        ))}
      </tr>
    </tfoot>
  );
}

function Spacer({ rows, columns }: { readonly rows: number; readonly columns: number }): JSX.Element {
  return (
    <tr aria-hidden="true" class="spacer">
      <td colSpan={columns} style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  );
}

function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: string | undefined,
): readonly Row[] {
  const isDown = sort?.startsWith("-") === true;
  const value = columns.find((column) => column.id === sort?.replace(/^-/, ""))?.sortValue;
  if (value === undefined) return rows;
  return rows.toSorted((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    const order =
      typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other));
    return isDown ? -order : order;
  });
}
