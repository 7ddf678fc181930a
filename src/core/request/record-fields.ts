import type { Usage } from "../usage/usage.ts";
import { type FieldTypes, type FieldDefinition, TEXT_TYPES } from "./field-definition.ts";
import { USAGE_FIELDS } from "./usage-fields.ts";

// The fields of a record, in the order of the JSON schema. The record's type, redaction, sums of usage, the columns of the
// query store, the JSON schema and a test of the user guide are derived from this table.

/** The first ten are always present, `null` if unknown. */
const FIRST_FIELDS = {
  timestamp: {
    type: "time",
    from: "gateway",
    presence: "always",
    column: "renamed",
    doc: "When the request ended, UTC.",
  },
  lmgate_id: {
    type: "text",
    from: "operator",
    presence: "always",
    nullable: true,
    column: "renamed",
    doc: "The id of the allow-list row; null only for a preflight.",
  },
  provider: {
    type: "name",
    from: "operator",
    presence: "always",
    column: "VARCHAR",
    doc: "The name of the provider in the path.",
  },
  endpoint: {
    type: "text",
    from: "client",
    presence: "always",
    column: "VARCHAR",
    doc: "The path as the client sent it, with the prefix and without the query.",
  },
  model: {
    type: "name",
    from: "provider",
    presence: "always",
    nullable: true,
    column: "VARCHAR",
    doc: "The model in the response, otherwise in the request, path or query.",
  },
  status: {
    type: "status",
    from: "provider",
    presence: "always",
    nullable: true,
    column: "SMALLINT",
    doc: "The status that the client received; null if it received none.",
  },
  input_tokens: {
    type: "count",
    from: "provider",
    presence: "always",
    nullable: true,
    usage: "inputTokens",
    column: "BIGINT",
    doc: "The provider's own input counter, unmodified. For sums, use total_input_tokens.",
  },
  output_tokens: {
    type: "count",
    from: "provider",
    presence: "always",
    nullable: true,
    usage: "outputTokens",
    column: "BIGINT",
    doc: "The provider's own output counter, unmodified. For sums, use total_output_tokens.",
  },
  masked_key: {
    type: "text",
    // The last six characters are recorded on purpose.
    from: "gateway",
    presence: "always",
    column: "VARCHAR",
    doc: "The last six characters of the key; empty for a short key.",
  },
  error_type: {
    type: "name",
    from: "provider",
    presence: "always",
    nullable: true,
    column: "VARCHAR",
    doc: "null if the request succeeded; interrupted if its worker or process died first.",
  },
} as const satisfies Readonly<Record<string, FieldDefinition>>;

const REQUEST_FIELDS = {
  id: {
    type: "uuid",
    from: "gateway",
    presence: "always",
    column: "VARCHAR",
    doc: "The id of the record (UUIDv7). A line that is read twice can be recognized by it.",
  },
  schema: {
    type: "version",
    from: "gateway",
    presence: "newer",
    column: "none",
    doc: "The version of the record that this document describes.",
  },
  owner: { type: "text", from: "operator", column: "VARCHAR", doc: "The owner in the allow-list row." },
  method: { type: "text", from: "client", column: "VARCHAR", doc: "The HTTP method." },
  operation: {
    type: "text",
    from: "gateway",
    column: "VARCHAR",
    doc: "The kind of request, by method and path: chat, embeddings, session and others.",
  },
  stream: {
    type: "boolean",
    from: "gateway",
    column: "BOOLEAN",
    doc: "True if the response was a stream, or if a stream was requested.",
  },
  duration_ms: {
    type: "amount",
    from: "gateway",
    column: "DOUBLE",
    doc: "From the request head to the end of the response.",
  },
  ttfb_ms: {
    type: "amount",
    from: "gateway",
    column: "DOUBLE",
    doc: "From the last byte of the request to the first byte of the response.",
  },
  ttft_ms: {
    type: "amount",
    from: "gateway",
    column: "DOUBLE",
    doc: "From the last byte of the request to the first event with content.",
  },
  request_bytes: { type: "count", from: "gateway", column: "BIGINT", doc: "Bytes of the request body as forwarded." },
  response_bytes: { type: "count", from: "gateway", column: "BIGINT", doc: "Bytes of the response body as forwarded." },
  error_code: {
    type: "text",
    from: "gateway",
    // A column of its own would make every Parquet file that exists unreadable.
    column: "rest",
    doc: "Why the connection to the provider failed, if error_type is upstream_unreachable, upstream_timeout or upstream_reset.",
  },
} as const satisfies Readonly<Record<string, FieldDefinition>>;

const FURTHER_FIELDS = {
  cost_usd: {
    type: "amount",
    from: "gateway",
    nullable: true,
    column: "DECIMAL(18, 12)",
    doc: "The cost in US dollars, by list prices unless the provider states it. null: there is usage without a price.",
  },
  cost_source: {
    type: "costSource",
    from: "gateway",
    column: "VARCHAR",
    doc: "Where cost_usd comes from: provider, override, table; none if there is no price.",
  },
  extra_items: {
    type: "items",
    from: "provider",
    usage: "extraItems",
    column: "rest",
    doc: "Further billed items with a model of their own; included in none of the totals.",
  },
  usage_raw: {
    type: "json",
    from: "provider",
    usage: "raw",
    column: "rest",
    doc: "The provider's usage object as it was sent, up to 4 KB.",
  },
  usage_source: { type: "usageSource", from: "gateway", column: "VARCHAR", doc: "Where the counters were read." },
  usage_state: {
    type: "usageState",
    from: "gateway",
    column: "VARCHAR",
    doc: "How complete the counters are. Exclude replay from sums.",
  },
  usage_reason: {
    type: "text",
    from: "gateway",
    column: "VARCHAR",
    doc: "Why counters are missing or may be wrong.",
  },
  request_model: {
    type: "text",
    from: "client",
    column: "VARCHAR",
    doc: "The requested model, if the response names another.",
  },
  response_model: {
    type: "text",
    from: "provider",
    column: "VARCHAR",
    doc: "The model in the response, if another was requested.",
  },
  deployment: {
    type: "text",
    from: "client",
    column: "VARCHAR",
    doc: "The Azure deployment or Vertex endpoint in the path.",
  },
  response_id: { type: "text", from: "provider", column: "VARCHAR", doc: "The provider's id of the response." },
  request_id: {
    type: "text",
    from: "provider",
    column: "VARCHAR",
    doc: "The provider's id of the request, from a header of the response.",
  },
  user_agent: {
    type: "text",
    from: "client",
    column: "VARCHAR",
    doc: "The first 256 characters of the client's user-agent header.",
  },
  client_ip: { type: "text", from: "gateway", column: "VARCHAR", doc: "The address of the client's connection." },
  tags: {
    type: "tags",
    from: "client",
    column: "MAP(VARCHAR, VARCHAR)",
    doc: "The client's own labels, from the header x-lmgate-tags.",
  },
  estimated_input_tokens: {
    type: "count",
    from: "gateway",
    column: "BIGINT",
    doc: "An estimate where the provider gave no counter; included in no other field.",
  },
  estimated_output_tokens: {
    type: "count",
    from: "gateway",
    column: "BIGINT",
    doc: "An estimate where the provider gave no counter; included in no other field.",
  },
  session_id: {
    type: "text",
    from: "gateway",
    column: "VARCHAR",
    doc: "The same on all records of one WebSocket: the id of the record that closes it.",
  },
  close_code: {
    type: "integer",
    from: "provider",
    column: "INTEGER",
    doc: "The code of the first close frame, on the record that closes a WebSocket.",
  },
  instance: {
    type: "text",
    from: "gateway",
    column: "VARCHAR",
    doc: "The start of LMGate that wrote the record.",
  },
  seq: {
    type: "count",
    from: "gateway",
    column: "BIGINT",
    doc: "The record's number within its instance, from 1; a gap shows lost records.",
  },
} as const satisfies Readonly<Record<string, FieldDefinition>>;

export const RECORD_FIELDS = { ...FIRST_FIELDS, ...REQUEST_FIELDS, ...USAGE_FIELDS, ...FURTHER_FIELDS };

export type RecordFields = typeof RECORD_FIELDS;
export type FieldName = keyof RecordFields;

const ENTRIES = Object.entries(RECORD_FIELDS) as readonly (readonly [FieldName, FieldDefinition])[]; // as: the names above

export const FIRST_FIELD_NAMES: readonly string[] = Object.keys(FIRST_FIELDS);

/** Fields with text that a client or provider chose; a key in them is redacted. */
export const REDACTED_FIELDS: readonly FieldName[] = ENTRIES.filter(
  ([, { from, type }]) => (from === "client" || from === "provider") && TEXT_TYPES.includes(type),
).map(([name]) => name);

export type UsageMember<Type extends keyof FieldTypes> = Extract<
  RecordFields[FieldName],
  { readonly type: Type; readonly usage: keyof Usage }
>["usage"];

/** The members of `Usage` whose fields have one of the types, in the order of the fields. */
export function usageMembers<Type extends keyof FieldTypes>(...types: readonly Type[]): readonly UsageMember<Type>[] {
  const wanted: readonly string[] = types;
  const isMember = (usage: string | undefined, type: string): usage is UsageMember<Type> =>
    usage !== undefined && wanted.includes(type);
  const members: UsageMember<Type>[] = [];
  for (const [, { type, usage }] of ENTRIES) if (isMember(usage, type)) members.push(usage);
  return members;
}

/** Does not compile once `Usage` has a member that no field holds. */
void (true satisfies Exclude<keyof Usage, UsageMember<keyof FieldTypes>> extends never ? true : never);
