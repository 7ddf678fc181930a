import type { FieldDefinition } from "../../core/request/field-definition.ts";
import { RECORD_FIELDS } from "../../core/request/record-fields.ts";
import { REQUEST_COLUMNS, REST_FIELDS } from "./request-columns.ts";

// Rows of `calls` as records again: one JSON object, with the names and the format of the ledger.

/** Always present, `null` if unknown. The others are left out if unknown. */
const ALWAYS: readonly string[] = Object.entries<FieldDefinition>(RECORD_FIELDS)
  .filter(([, { presence, column }]) => presence === "always" && column !== "renamed")
  .map(([name]) => name);
/** Columns that the store computes, and fields that are not written like the others. */
const APART: ReadonlySet<string> = new Set(["ts", "key", "client_app", "usage", "rest", "cost_usd", ...ALWAYS]);

const IN_REST: ReadonlySet<string> = new Set(REST_FIELDS);

/** The text of a record in SQL. With `optional`, of the fields that may be missing only these. */
export function recordSql(optional?: readonly string[]): string {
  const others = optional ?? REQUEST_COLUMNS.map(({ name }) => name).filter((name) => !APART.has(name));
  const members = [
    `'"timestamp":"' || ${isoTime("ts")} || '"'`,
    `'"lmgate_id":' || ${orNull("key")}`,
    ...ALWAYS.map((name) => `'"${name}":' || ${orNull(name)}`),
    ...others
      .filter((name) => name !== "cost_usd")
      .map((name) => ifKnown(name, IN_REST.has(name) ? inRest(name) : name)),
    // A request that has no price has a cost of null.
    `CASE WHEN cost_source IS NOT NULL THEN '"cost_usd":' || ${orNull("cost_usd::DOUBLE")} END`,
    ...(optional === undefined ? ["CASE WHEN rest IS NOT NULL THEN (rest::VARCHAR)[2:-2] END"] : []),
  ];
  return `'{' || concat_ws(',', ${members.join(", ")}) || '}'`;
}

/** RFC 3339, UTC, to the millisecond. */
export function isoTime(column: string): string {
  return `strftime(${column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')`;
}

function orNull(value: string): string {
  return `coalesce(to_json(${value})::VARCHAR, 'null')`;
}

function inRest(name: string): string {
  return `(rest->'${name}')`;
}

function ifKnown(name: string, value: string): string {
  return `CASE WHEN ${value} IS NOT NULL THEN '"${name}":' || to_json(${value})::VARCHAR END`;
}
