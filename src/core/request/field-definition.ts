import type { CostSource, Usage, UsageSource, UsageState } from "../usage/usage.ts";

/** The version of the record that `docs/record.schema.json` describes. A new field keeps it; a changed meaning does not. */
export const RECORD_SCHEMA = 1;

/** The types of record fields, with the TypeScript type of their values. */
export interface FieldTypes {
  /** UTC, to the millisecond. */
  time: string;
  text: string;
  /** A text that is not empty. */
  name: string;
  uuid: string;
  boolean: boolean;
  /** A whole number from 0. */
  count: number;
  /** A number from 0. */
  amount: number;
  integer: number;
  status: number;
  version: typeof RECORD_SCHEMA;
  /** Counts by name. */
  counts: Readonly<Record<string, number>>;
  tags: Readonly<Record<string, string>>;
  items: readonly unknown[];
  json: unknown;
  costSource: CostSource;
  usageSource: UsageSource;
  usageState: UsageState;
}

/** Types whose values contain text of the sender's choice, be it only as the names of members. */
export const TEXT_TYPES: readonly (keyof FieldTypes)[] = ["text", "name", "counts", "tags", "items", "json"];

export interface FieldDefinition {
  readonly type: keyof FieldTypes;
  /**
   * Who chooses the value: LMGate itself, the operator, the client or the provider. Text from the client or the provider
   * may contain an API key, so it is redacted before the record is stored.
   */
  readonly from: "gateway" | "operator" | "client" | "provider";
  /** `always`: in every record. `newer`: missing only in records older than the field. Otherwise left out if unknown. */
  readonly presence?: "always" | "newer";
  readonly nullable?: true;
  /** The member of `Usage` that the field holds. */
  readonly usage?: keyof Usage;
  /**
   * The SQL type of the field's column in the query store. `rest`: kept in the column for fields without their own.
   * `renamed`: stored under another name. `none`: not stored.
   */
  readonly column:
    | "BIGINT"
    | "BOOLEAN"
    | "DECIMAL(18, 12)"
    | "DOUBLE"
    | "INTEGER"
    | "MAP(VARCHAR, VARCHAR)"
    | "SMALLINT"
    | "VARCHAR"
    | "rest"
    | "renamed"
    | "none";
  /** The description in the JSON schema and of the column. */
  readonly doc: string;
}
