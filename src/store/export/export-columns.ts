import { REQUEST_COLUMNS } from "../schema/request-columns.ts";
import { isoTime } from "../schema/record-text.ts";

/** A column of an export: what it is called, and its value in SQL as it stands in each format. */
export interface ExportColumn {
  readonly name: string;
  /** With its own type, for formats that have types. */
  readonly value: string;
  /** As a cell: a text of others, which must not act in a spreadsheet, or a figure of ours. */
  readonly cell: string;
}

export function textColumn(name: string, value: string): ExportColumn {
  return { name, value, cell: quotedSql(guardedSql(`${value}::VARCHAR`)) };
}

export function numberColumn(name: string, value: string): ExportColumn {
  return { name, value, cell: `${value}::VARCHAR` };
}

/** The columns of `calls`, times and amounts written plainly. */
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

/** A spreadsheet takes what begins so for a formula; the apostrophe makes it a text (OWASP ASVS 5.0, 1.2.10). */
function guardedSql(text: string): string {
  return `CASE WHEN regexp_matches(${text}, '^[=+\\-@\\t\\r]') THEN '''' || ${text} ELSE ${text} END`;
}

/** RFC 4180, clause 2; and the semicolon, at which some spreadsheets cut as well. */
function quotedSql(text: string): string {
  return `CASE WHEN regexp_matches(${text}, '[",;\\r\\n]|^ | $') THEN '"' || replace(${text}, '"', '""') || '"' ELSE ${text} END`;
}

/** A line of CSV without its end; what is unknown is empty. */
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
