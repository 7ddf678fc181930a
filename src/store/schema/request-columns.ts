import { type FieldName, RECORD_FIELDS, type RecordFields } from "../../core/request/record-fields.ts";
import { clientAppSql } from "./client-app.ts";
import { usageClassSql } from "./usage-class.ts";

/**
 * A column of the relation `calls`, which has one row for each record of the ledger and is what `lmgate sql` shows. A
 * record that appears twice in the ledger is one row. Rows have no order.
 */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
  /** Its value in SQL, where `r` is the record as a structure (`r.status`) and `line` its text. */
  readonly value: string;
}

type NameIn<Place extends RecordFields[FieldName]["column"]> = {
  [Name in FieldName]: RecordFields[Name]["column"] extends Place ? Name : never;
}[FieldName];

type OwnColumn = Exclude<FieldName, NameIn<"rest" | "renamed" | "none">>;

/** Fields without a column of their own. Each is kept unchanged in the column `rest`. */
export const REST_FIELDS = Object.entries(RECORD_FIELDS)
  .filter(([, { column }]) => column === "rest")
  .map(([name]) => name) as readonly NameIn<"rest">[]; // as: the filter

const TOTAL_TOKENS = `coalesce(r.total_tokens,
  coalesce(r.total_input_tokens, r.input_tokens) + coalesce(r.total_output_tokens, r.output_tokens),
  r.total_input_tokens, r.input_tokens, r.total_output_tokens, r.output_tokens)`;

function restSql(): string {
  const members = REST_FIELDS.map(
    (name) => `CASE WHEN r.${name} IS NOT NULL THEN '"${name}":' || r.${name}::VARCHAR END`,
  );
  const text = `concat_ws(',', ${members.join(", ")})`;
  return `CASE WHEN ${text} <> '' THEN '{' || ${text} || '}' END`;
}

type ComputedName = "ts" | "key" | "client_app" | "usage" | "rest";

/** Columns that are not a field of the record under its own name, or differ from it. */
const COMPUTED: Readonly<Record<ComputedName, Omit<Column, "name">>> &
  Readonly<Partial<Record<OwnColumn, Pick<Column, "value" | "meaning">>>> = {
  ts: { type: "TIMESTAMPTZ", meaning: "When the request ended.", value: "try_cast(r.timestamp AS TIMESTAMPTZ)" },
  key: { type: "VARCHAR", meaning: "The id of the allow-list row (lmgate_id).", value: "r.lmgate_id" },
  client_app: {
    type: "VARCHAR",
    meaning: "The client application, from its user agent: claude-cli, openai-python, other.",
    value: clientAppSql("r.user_agent"),
  },
  usage: {
    type: "VARCHAR",
    meaning: "known, estimated (only estimates), missing, not_applicable (an error, a list of models) or replay.",
    value: usageClassSql(),
  },
  total_input_tokens: {
    meaning:
      "All input tokens, including cache reads, cache writes and tool use; input_tokens if the record has no total.",
    value: "coalesce(r.total_input_tokens, r.input_tokens)",
  },
  total_output_tokens: {
    meaning: "All output tokens, including reasoning; output_tokens if the record has no total.",
    value: "coalesce(r.total_output_tokens, r.output_tokens)",
  },
  total_tokens: { meaning: RECORD_FIELDS.total_tokens.doc, value: TOTAL_TOKENS },
  rest: {
    type: "JSON",
    meaning: "The other fields of the record, under their own names: cache_write_by_ttl, extra_items, tool_calls.",
    value: restSql(),
  },
};

/**
 * The order in which the columns are shown. An unknown value is NULL, never 0. Sums must take `usage` into account:
 * `replay` rows repeat usage that another row has. Rows with the operation `session` only close a WebSocket.
 */
const ORDER = [
  "ts",
  "id",
  "key",
  "owner",
  "provider",
  "model",
  "endpoint",
  "operation",
  "method",
  "status",
  "error_type",
  "stream",
  "masked_key",
  "client_app",
  "user_agent",
  "client_ip",
  "tags",
  "usage",
  "usage_state",
  "usage_source",
  "usage_reason",
  "input_tokens",
  "output_tokens",
  "total_input_tokens",
  "total_output_tokens",
  "total_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "tool_input_tokens",
  "unattributed_tokens",
  "estimated_input_tokens",
  "estimated_output_tokens",
  "cost_usd",
  "cost_source",
  "provider_cost_usd",
  "duration_ms",
  "ttfb_ms",
  "ttft_ms",
  "request_bytes",
  "response_bytes",
  "request_model",
  "response_model",
  "deployment",
  "service_tier",
  "response_id",
  "request_id",
  "session_id",
  "close_code",
  "instance",
  "seq",
  "rest",
] as const satisfies readonly (OwnColumn | ComputedName)[];

/** Does not compile while a column is missing from the order. */
void (true satisfies Exclude<OwnColumn | ComputedName, (typeof ORDER)[number]> extends never ? true : never);

export const REQUEST_COLUMNS: readonly Column[] = ORDER.map((name) => {
  if (isComputed(name)) return { name, ...COMPUTED[name] };
  const { column, doc } = RECORD_FIELDS[name];
  return { name, type: column, meaning: doc, value: `r.${name}`, ...COMPUTED[name] };
});

function isComputed(name: OwnColumn | ComputedName): name is ComputedName {
  return !Object.hasOwn(RECORD_FIELDS, name);
}

/** The column for the segment that a row comes from. It is not part of `calls`. */
export const SEGMENT = "segment";

export const REQUEST_COLUMN_NAMES: string = REQUEST_COLUMNS.map(({ name }) => name).join(", ");

/** The columns of a table that holds requests with their segment. */
export const REQUEST_TABLE_COLUMNS: string = [...REQUEST_COLUMNS, { name: SEGMENT, type: "VARCHAR" }]
  .map(({ name, type }) => `${name} ${type}`)
  .join(", ");
