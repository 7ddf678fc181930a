import { readCsv, type CsvRecord } from "./csv.ts";

/**
 * Changes to an allow-list as people wrote it: only the lines concerned are touched. Comments, order, extra columns,
 * quotes and line ends stay. The text must have been parsed without a fault.
 */

/** A row as it is to be written, by column name. */
export type NewRow = Readonly<Partial<Record<"id" | "api_key" | "owner" | "added" | "expires_at", string>>>;

/** Where a row stands. */
export interface RowLines {
  readonly line: number;
  readonly endLine: number;
}

export function appendRow(text: string, row: NewRow): string {
  const { lines, header, eol } = open(text);
  const columns = [...header.cells];
  if (row.expires_at !== undefined) addColumn(lines, header, columns, "expires_at");
  const values = new Map<string, string>(Object.entries(row));
  const last = lines.at(-1);
  if (last !== undefined && !/[\r\n]$/.test(last)) lines[lines.length - 1] = last + eol;
  lines.push(formatRow(columns.map((name) => values.get(name) ?? "")) + eol);
  return lines.join("");
}

export function removeRows(text: string, rows: readonly RowLines[]): string {
  const gone = new Set(rows.flatMap(({ line, endLine }) => range(line, endLine)));
  return splitLines(text)
    .filter((_, index) => !gone.has(index + 1))
    .join("");
}

/** Keeps the rows and shuts them. */
export function disableRows(text: string, rows: readonly RowLines[]): string {
  const { lines, header, records } = open(text);
  const columns = [...header.cells];
  if (!columns.includes("disabled")) addColumn(lines, header, columns, "disabled");
  const at = columns.indexOf("disabled");
  for (const { line, endLine } of rows) {
    const record = records.find((candidate) => candidate.line === line);
    if (record === undefined) continue;
    const cells = columns.map((_, index) => (index === at ? "true" : (record.cells[index] ?? "")));
    const end = /[\r\n]*$/.exec(lines[endLine - 1] ?? "")?.[0] ?? "";
    // One element for each line, so that the numbers of later rows still hold.
    for (const number of range(line, endLine)) lines[number - 1] = "";
    lines[line - 1] = formatRow(cells) + end;
  }
  return lines.join("");
}

/** The next free number, where ids are numbers. */
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

function open(text: string): OpenList {
  const csv = readCsv(text.replace(/^\ufeff/, ""));
  const [header, ...records] = "records" in csv ? csv.records : [];
  if (header === undefined) throw new Error("an allow-list without a header cannot be edited");
  const lines = splitLines(text);
  const eol = /[\r\n]+$/.exec(lines[header.endLine - 1] ?? "")?.[0] ?? "\n";
  return { lines, records, header, eol };
}

/** At the end of the header; rows that end before it have an empty cell there. */
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

/** RFC 4180 section 2; a cell with spaces at its ends needs quotes to keep them, and one like a comment to be read. */
function formatCell(cell: string): string {
  return /[",\r\n]|^[\s#]|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
