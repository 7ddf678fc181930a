import type { FieldDefinition } from "../../core/request/field-definition.ts";
import { RECORD_FIELDS } from "../../core/request/record-fields.ts";
import { REQUEST_COLUMNS } from "./request-columns.ts";

// Rows of `calls` as records again: one JSON object, with the names and the manners of the ledger.

/** Always there, `null` when unknown; the others are left out. */
const ALWAYS: readonly string[] = Object.entries<FieldDefinition>(RECORD_FIELDS)
  .filter(([, { presence, column }]) => presence === "always" && column !== "renamed")
  .map(([name]) => name);
/** What the store has worked out, and what is written in a way of its own. */
const APART: ReadonlySet<string> = new Set(["ts", "key", "client_app", "usage", "rest", "cost_usd", ...ALWAYS]);

/** The text of a record in SQL; with `optional`, of what may be missing only these columns. */
export function recordSql(optional?: readonly string[]): string {
  const others = optional ?? REQUEST_COLUMNS.map(({ name }) => name).filter((name) => !APART.has(name));
  const members = [
    `'"timestamp":"' || ${isoTime("ts")} || '"'`,
    `'"lmgate_id":' || ${orNull("key")}`,
    ...ALWAYS.map((name) => `'"${name}":' || ${orNull(name)}`),
    ...others.filter((name) => name !== "cost_usd").map((name) => ifKnown(name, name)),
    // Of what has no price the cost is there, and null.
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

function ifKnown(name: string, value: string): string {
  return `CASE WHEN ${value} IS NOT NULL THEN '"${name}":' || to_json(${value})::VARCHAR END`;
}
