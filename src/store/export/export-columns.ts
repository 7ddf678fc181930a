import { REQUEST_COLUMNS } from "../schema/request-columns.ts";
import { isoTime } from "../schema/record-text.ts";

/** A column of an export: its name, and its value in SQL for each format. */
export interface ExportColumn {
  readonly name: string;
  /** The value with its own type, for formats that have types. */
  readonly value: string;
  /**
   * The value as a cell: text from outside, which a spreadsheet must not run as a formula, or a number that LMGate
   * wrote.
   */
  readonly cell: string;
}

export function textColumn(name: string, value: string): ExportColumn {
  return { name, value, cell: quotedSql(guardedSql(`${value}::VARCHAR`)) };
}

export function numberColumn(name: string, value: string): ExportColumn {
  return { name, value, cell: `${value}::VARCHAR` };
}

/** The columns of `calls`, with times and amounts as plain text. */
export function requestExportColumns(): readonly ExportColumn[] {
  return REQUEST_COLUMNS.map(({ name, type }) => {
    if (type === "TIMESTAMPTZ") return { name, value: name, cell: isoTime(name) };
    if (type === "VARCHAR") return textColumn(name, name);
    if (type === "JSON") return { ...textColumn(name, name), value: name };
    if (type.startsWith("MAP")) return { ...textColumn(name, `to_json(${name})`), value: name };
    if (type.startsWith("DECIMAL")) return { name, value: name, cell: `rtrim(rtrim(${name}::VARCHAR, '0'), '.')` };
    return numberColumn(name, name);
  });
}

/**
 * A spreadsheet runs a cell that begins like this as a formula. The apostrophe makes it a text (OWASP ASVS 5.0,
 * 1.2.10).
 */
function guardedSql(text: string): string {
  return `CASE WHEN regexp_matches(${text}, '^[=+\\-@\\t\\r]') THEN '''' || ${text} ELSE ${text} END`;
}

/** Characters that need quotes (RFC 4180, section 2), and the semicolon, at which some spreadsheets split as well. */
function quotedSql(text: string): string {
  return `CASE WHEN regexp_matches(${text}, '[",;\\r\\n]|^ | $') THEN '"' || replace(${text}, '"', '""') || '"' ELSE ${text} END`;
}

/** A line of CSV without its end. An unknown value is empty. */
export function csvLineSql(columns: readonly ExportColumn[]): string {
  return `concat_ws(',', ${columns.map(({ cell }) => `coalesce(${cell}, '')`).join(", ")})`;
}

export function jsonLineSql(columns: readonly ExportColumn[]): string {
  return `to_json(struct_pack(${columns.map(({ name, value }) => `${identifier(name)} := ${value}`).join(", ")}))::VARCHAR`;
}

export function csvHeader(columns: readonly ExportColumn[]): string {
  return columns.map(({ name }) => (/[",;\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)).join(",");
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
