/**
 * The record as a schema, derived from the table of its fields: the source of `docs/record.schema.json`, and the check of
 * every record that a test sees, together with the rules that hold between its fields.
 */
import { z } from "zod";
import { type FieldTypes, RECORD_SCHEMA, type FieldDefinition } from "../../src/core/request/field-definition.ts";
import { FIRST_FIELD_NAMES, RECORD_FIELDS } from "../../src/core/request/record-fields.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { USAGE_FIELDS } from "../../src/core/request/usage-fields.ts";

const count = z.int().min(0);
const name = z.string().min(1);
const amount = z.number().min(0);

type Schemas = { readonly [Type in keyof FieldTypes]: z.ZodType<FieldTypes[Type]> };

/** Does not compile if the schema of a type differs from its TypeScript type. */
const SIMPLE_SCHEMAS: Omit<Schemas, "items"> = {
  time: z.iso.datetime(),
  text: z.string(),
  name,
  uuid: z.uuidv7(),
  boolean: z.boolean(),
  count,
  amount,
  integer: z.int(),
  status: z.int().min(100).max(999),
  version: z.literal(RECORD_SCHEMA),
  counts: z.record(z.string(), count),
  tags: z.record(z.string(), z.string()),
  json: z.unknown(),
  costSource: z.enum(["provider", "override", "table", "none"]),
  usageSource: z.enum(["body", "stream", "header", "websocket", "estimate", "none"]),
  usageState: z.enum(["final", "partial", "aborted", "replay", "missing", "not_applicable"]),
};

const item = z.strictObject({
  kind: name.describe("The kind of item: compaction, advisor_message, svg_usage, usage_breakdown and others."),
  model: z.string().optional().describe("The model that did this work, if it is named."),
  input_tokens: count.optional().describe("The provider's own input counter."),
  output_tokens: count.optional().describe("The provider's own output counter."),
  ...shapeOf(USAGE_FIELDS, SIMPLE_SCHEMAS),
  usage_raw: z.unknown().optional(),
});

const SCHEMAS: Schemas = { ...SIMPLE_SCHEMAS, items: z.array(item) };

function shapeOf<Field extends FieldDefinition>(
  fields: Readonly<Record<string, Field>>,
  schemas: { readonly [Type in Field["type"]]: z.ZodType },
): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(
    Object.entries(fields).map(([field, { type, nullable, presence, doc }]) => {
      const schema: z.ZodType = schemas[type as Field["type"]]; // as: the type of this field
      const value = nullable === true ? schema.nullable() : schema;
      return [field, (presence === undefined ? value.optional() : value).describe(doc)];
    }),
  );
}

const recordSchema = z.strictObject(shapeOf<FieldDefinition>(RECORD_FIELDS, SCHEMAS)).meta({
  title: "LMGate record",
  description:
    "One line of stats.jsonl. The first ten fields are always present, in this order, null if unknown; the others are left out if unknown. Later versions add fields.",
});

/** JSON Schema, draft 2020-12. */
export function recordJsonSchema(): object {
  return z.toJSONSchema(recordSchema, {
    target: "draft-2020-12",
    // The format says the same as the pattern, and is easier to read.
    override: ({ jsonSchema }) => void delete jsonSchema.pattern,
  });
}

const FIRST_TEN = FIRST_FIELD_NAMES.join();

/** Describes what is wrong with a record; empty for a valid one. */
export function issuesIn(record: unknown): readonly string[] {
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  const order = Object.keys(record as object)
    .slice(0, 10)
    .join(); // It was parsed as an object above.
  const misplaced = order === FIRST_TEN ? [] : [`the first ten fields are ${order}`];
  return [...misplaced, ...brokenRules(parsed.data as RequestRecord)]; // as: the schema has checked each field
}

type Rule = (record: RequestRecord) => boolean;

/** Rules between the fields of every record, whatever the provider sent. */
const RULES: Readonly<Record<string, Rule>> = {
  "cache reads and writes are part of the input": (record) =>
    within(sum(record.cached_input_tokens, record.cache_write_tokens), record.total_input_tokens),
  "reasoning is part of the output": ({ reasoning_tokens, total_output_tokens }) =>
    within(reasoning_tokens, total_output_tokens),
  "the provider's counters are part of the totals": (record) =>
    within(record.input_tokens ?? undefined, record.total_input_tokens) &&
    within(record.output_tokens ?? undefined, record.total_output_tokens),
  // Some providers report a total below its parts; the record must be marked then.
  "the total includes both sides": (record) =>
    within(sum(record.total_input_tokens, record.total_output_tokens), record.total_tokens) ||
    record.usage_reason === "inconsistent" ||
    record.usage_state !== "final",
  "without a source there are no counters": (record) =>
    (record.usage_source !== "none" && record.usage_source !== "estimate") || !isCounted(record),
  "an estimate is named as the source": (record) =>
    (record.usage_source === "estimate") ===
    (!isCounted(record) && (record.estimated_input_tokens ?? record.estimated_output_tokens) !== undefined),
  "missing usage has no counters and a reason": (record) =>
    record.usage_state !== "missing" || (!isCounted(record) && record.usage_reason !== undefined),
  "partial usage has counters and a reason": (record) =>
    record.usage_state !== "partial" || (isCounted(record) && record.usage_reason !== undefined),
  "final usage has counters": (record) => record.usage_state !== "final" || isCounted(record),
  "an estimate is present only without a counter": (record) =>
    (record.estimated_input_tokens === undefined || record.input_tokens === null) &&
    (record.estimated_output_tokens === undefined || record.output_tokens === null),
  "an interrupted request has no counters": (record) =>
    record.usage_reason !== "interrupted" ||
    (record.error_type === "interrupted" && record.usage_state === "aborted" && !isCounted(record)),
  "a cost has a source": ({ cost_usd, cost_source }) =>
    (cost_usd === undefined) === (cost_source === undefined) && (cost_usd === null) === (cost_source === "none"),
  "usage that does not count has no cost": ({ usage_state, cost_usd }) =>
    cost_usd === undefined || (usage_state !== "replay" && usage_state !== "not_applicable"),
};

function brokenRules(record: RequestRecord): readonly string[] {
  return Object.entries(RULES).flatMap(([rule, holds]) => (holds(record) ? [] : [`broken: ${rule}`]));
}

function within(part: number | undefined, whole: number | undefined): boolean {
  return part === undefined || whole === undefined || part <= whole;
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

function isCounted(record: RequestRecord): boolean {
  const units = [record.total_tokens, record.audio_seconds, record.pages, record.images, record.search_units];
  const counters = [record.input_tokens ?? undefined, record.output_tokens ?? undefined, record.provider_cost_usd];
  // Some work is billed per request, such as Cohere's classifications.
  return [...units, ...counters, record.tool_calls].some((value) => value !== undefined);
}

/** Throws with the record in the message, unless it is valid. */
export function assertValid(record: unknown): void {
  const issues = issuesIn(record);
  if (issues.length > 0) throw new Error(`${issues.join("; ")}\nin ${JSON.stringify(record, undefined, 2)}`);
}
