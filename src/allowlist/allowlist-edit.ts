import { readCsv, type CsvRecord } from "./csv.ts";

/**
 * Edits the text of an allow-list. Only the lines of the changed rows change: comments, order, extra columns, quotes and
 * line ends stay. The text must be a valid allow-list.
 */

/** Cells to write, by column name. Columns that the list does not have are added. */
export type NewRow = Readonly<Record<string, string>>;

/** First and last line of a row, counted from 1. */
export interface RowLines {
  readonly line: number;
  readonly endLine: number;
}

export function appendRow(text: string, row: NewRow): string {
  return appendRows(text, [row]);
}

export function appendRows(text: string, rows: readonly NewRow[]): string {
  if (rows.length === 0) return text;
  const { lines, header, eol } = openText(text);
  const columns = [...header.cells];
  for (const row of rows) for (const name of Object.keys(row)) addColumn(lines, header, columns, name);
  const last = lines.at(-1);
  if (last !== undefined && !/[\r\n]$/.test(last)) lines[lines.length - 1] = last + eol;
  for (const row of rows) {
    const values = new Map<string, string>(Object.entries(row));
    lines.push(formatRow(columns.map((name) => values.get(name) ?? "")) + eol);
  }
  return lines.join("");
}

export function removeRows(text: string, rows: readonly RowLines[]): string {
  const gone = new Set(rows.flatMap(({ line, endLine }) => range(line, endLine)));
  return splitLines(text)
    .filter((_, index) => !gone.has(index + 1))
    .join("");
}

/** Removes rows. A list must have at least one row, so the last of all stays and is disabled instead. */
export function withoutRows(text: string, all: readonly RowLines[], gone: readonly RowLines[]): string {
  if (gone.length < all.length) return removeRows(text, gone);
  const [last] = gone.slice(-1);
  if (last === undefined) return text;
  // The cell is changed before lines are removed, because line numbers refer to the original text.
  const disabled = changeRows(text, [last], { disabled: "true" });
  return removeRows(
    disabled,
    gone.filter((row) => row !== last),
  );
}

/** Writes the same cells into each of the rows. */
export function changeRows(text: string, rows: readonly RowLines[], cells: NewRow): string {
  return changeEachRow(
    text,
    rows.map((row) => ({ row, cells })),
  );
}

/** Writes different cells into each of the rows. */
export function changeEachRow(
  text: string,
  changes: readonly { readonly row: RowLines; readonly cells: NewRow }[],
): string {
  if (changes.length === 0) return text;
  const { lines, header, records } = openText(text);
  const columns = [...header.cells];
  for (const { cells } of changes) for (const name of Object.keys(cells)) addColumn(lines, header, columns, name);
  const recordAt = new Map(records.map((record) => [record.line, record]));
  for (const {
    row: { line, endLine },
    cells,
  } of changes) {
    const record = recordAt.get(line);
    if (record === undefined) continue;
    const values = new Map(Object.entries(cells));
    const changed = columns.map((name, index) => values.get(name) ?? record.cells[index] ?? "");
    const end = /[\r\n]*$/.exec(lines[endLine - 1] ?? "")?.[0] ?? "";
    // One element for each line, so that the numbers of later rows still hold.
    for (const number of range(line, endLine)) lines[number - 1] = "";
    lines[line - 1] = formatRow(changed) + end;
  }
  return lines.join("");
}

/** The cells of each row by column name, keyed by the row's first line. */
export function cellsByLine(text: string): ReadonlyMap<number, Readonly<Record<string, string>>> {
  const { header, records } = openText(text);
  return new Map(
    records.map(({ line, cells }) => [
      line,
      Object.fromEntries(header.cells.map((name, index) => [name, cells[index] ?? ""])),
    ]),
  );
}

/** One more than the largest numeric id. */
export function nextId(ids: readonly string[]): string {
  const numbers = ids.filter((id) => /^\d{1,15}$/.test(id)).map(Number);
  return String(Math.max(0, ...numbers) + 1);
}

interface OpenList {
  readonly lines: string[];
  readonly records: readonly CsvRecord[];
  readonly header: CsvRecord;
  readonly eol: string;
}

function openText(text: string): OpenList {
  const csv = readCsv(text.replace(/^\ufeff/, ""));
  const [header, ...records] = "records" in csv ? csv.records : [];
  if (header === undefined) throw new Error("an allow-list without a header cannot be edited");
  const lines = splitLines(text);
  const eol = /[\r\n]+$/.exec(lines[header.endLine - 1] ?? "")?.[0] ?? "\n";
  return { lines, records, header, eol };
}

/** Adds a column at the end of the header. Rows that are shorter have an empty cell there. */
function addColumn(lines: string[], header: CsvRecord, columns: string[], name: string): void {
  if (columns.includes(name)) return;
  columns.push(name);
  const index = header.endLine - 1;
  lines[index] = (lines[index] ?? "").replace(/[ \t]*([\r\n]*)$/, `,${name}$1`);
}

function splitLines(text: string): string[] {
  return text.match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g) ?? [];
}

function formatRow(cells: readonly string[]): string {
  return cells.map(formatCell).join(",");
}

/** RFC 4180 section 2. Quotes also protect spaces at the ends of a cell and a leading `#`. */
function formatCell(cell: string): string {
  return /[",\r\n]|^[\s#]|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
