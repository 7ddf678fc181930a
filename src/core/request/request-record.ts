import type { FieldTypes, FieldDefinition } from "./field-definition.ts";
import type { FieldName, RecordFields } from "./record-fields.ts";

type ValueOf<Field extends FieldDefinition> =
  | FieldTypes[Field["type"]]
  | (Field extends { readonly nullable: true } ? null : never);

type AlwaysPresent = {
  [Name in FieldName]: RecordFields[Name] extends { readonly presence: "always" } ? Name : never;
}[FieldName];

/**
 * One line of `stats.jsonl`. The first ten fields are always present, `null` if unknown; the others are left out if
 * unknown. `record-fields.ts` describes each.
 */
export type RequestRecord = { [Name in AlwaysPresent]: ValueOf<RecordFields[Name]> } & {
  [Name in Exclude<FieldName, AlwaysPresent>]?: ValueOf<RecordFields[Name]> | undefined;
};
