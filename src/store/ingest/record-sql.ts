import { quoted } from "../duckdb/database.ts";
import { REQUEST_COLUMNS, REST_FIELDS, SEGMENT } from "../schema/request-columns.ts";

// Turns lines of the ledger into rows of `calls`.

/** Fields whose column has another name, or that are only part of other columns. */
const SOURCE_FIELDS: Readonly<Record<string, string>> = {
  timestamp: "VARCHAR",
  lmgate_id: "VARCHAR",
  cost_usd: "DOUBLE",
};
const COMPUTED = new Set(["ts", "key", "client_app", "usage", "rest", "cost_usd"]);
/** Wider than any status, so that a value out of range becomes unknown instead of an error. */
const WIDER_TYPES: Readonly<Record<string, string>> = { SMALLINT: "BIGINT", INTEGER: "BIGINT" };

/** The types that DuckDB reads. A value of another type becomes NULL. */
const TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    REQUEST_COLUMNS.filter(({ name }) => !COMPUTED.has(name)).map(({ name, type }) => [
      name,
      WIDER_TYPES[type] ?? type,
    ]),
  ),
  ...SOURCE_FIELDS,
  ...Object.fromEntries(REST_FIELDS.map((name) => [name, "JSON"])),
};
const STRUCTURE = JSON.stringify(TYPES);
const COLUMNS = `{${Object.entries(TYPES)
  .map(([name, type]) => `${quoted(name)}: ${quoted(type)}`)
  .join(", ")}}`;
/** DuckDB reserves twice as much for each thread. Longer lines are read in the other way. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

/**
 * The rows of a text of whole lines (`$1`) of a segment (`$2`), in the order of the lines. A line without a time or a
 * provider is not a record and gives no row.
 */
export function rowsOfLinesSql(): string {
  return rowsFrom(
    `SELECT json_transform(line, '${STRUCTURE}') AS r
    FROM (SELECT unnest(string_split($1::VARCHAR, chr(10))) AS line)
    WHERE line <> '' AND json_valid(line)`,
    "$2",
  );
}

/**
 * The same rows of a file of whole lines, of a segment (`$1`). It takes half of the time, but a line that is not a record
 * may take the next one with it: use it only if there are as many rows as lines.
 */
export function rowsOfFileSql(path: string): string {
  const options = "format = 'newline_delimited', records = true, ignore_errors = true";
  const limit = `maximum_object_size = ${MAX_LINE_BYTES}`;
  return rowsFrom(`SELECT r FROM read_json(${quoted(path)}, columns = ${COLUMNS}, ${options}, ${limit}) AS r`, "$1");
}

/** `source` has one column `r`, the record's fields. */
function rowsFrom(source: string, segment: string): string {
  const values = REQUEST_COLUMNS.map(({ name, type, value }) => `try_cast(${value} AS ${type}) AS ${name}`).join(
    ",\n  ",
  );
  return `SELECT ${values}, ${segment}::VARCHAR AS ${SEGMENT} FROM (${source})
  WHERE r.provider IS NOT NULL AND try_cast(r.timestamp AS TIMESTAMPTZ) IS NOT NULL`;
}
