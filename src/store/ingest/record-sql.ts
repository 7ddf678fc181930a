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

/** The types that `json_transform` reads. A value of another type becomes NULL. */
const STRUCTURE = JSON.stringify({
  ...Object.fromEntries(
    REQUEST_COLUMNS.filter(({ name }) => !COMPUTED.has(name)).map(({ name, type }) => [
      name,
      WIDER_TYPES[type] ?? type,
    ]),
  ),
  ...SOURCE_FIELDS,
  ...Object.fromEntries(REST_FIELDS.map((name) => [name, "JSON"])),
});

/**
 * The rows of a text of whole lines (`$1`) of a segment (`$2`), in the order of the lines. A line without a time or a
 * provider is not a record and gives no row.
 */
export function rowsOfLinesSql(): string {
  const values = REQUEST_COLUMNS.map(({ name, type, value }) => `try_cast(${value} AS ${type}) AS ${name}`).join(
    ",\n  ",
  );
  return `SELECT ${values}, $2::VARCHAR AS ${SEGMENT} FROM (
    SELECT json_transform(line, '${STRUCTURE}') AS r
    FROM (SELECT unnest(string_split($1::VARCHAR, chr(10))) AS line)
    WHERE line <> '' AND json_valid(line))
  WHERE r.provider IS NOT NULL AND try_cast(r.timestamp AS TIMESTAMPTZ) IS NOT NULL`;
}
