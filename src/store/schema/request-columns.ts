import { clientAppSql } from "./client-app.ts";
import { usageClassSql } from "./usage-class.ts";

/**
 * The relation `calls`: one row for each record of the ledger, and what `lmgate sql` shows. A record that stands in the
 * ledger twice is one row. Rows are in no order.
 */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
  /** Its value, in SQL: `r` is the record as a structure (`r.status`), `line` its text. */
  readonly value: string;
}

/** Fields of a record that have no column of their own; each is kept as it stands. */
export const REST_FIELDS = [
  "cache_write_by_ttl",
  "input_by_modality",
  "output_by_modality",
  "cached_by_modality",
  "prediction_accepted_tokens",
  "prediction_rejected_tokens",
  "audio_seconds",
  "pages",
  "images",
  "search_units",
  "tool_calls",
  "speed",
  "inference_geo",
  "traffic_type",
  "extra_items",
  "usage_raw",
] as const;

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

type Typed = Pick<Column, "type" | "meaning"> & { readonly value?: string };

/**
 * What is unknown is NULL, never 0. Two things a sum must mind, both told by `usage`: rows that are `replay` repeat use
 * that another row has, and count in no sum of tokens or costs; rows of the operation `session` only close a WebSocket.
 */
const CALLS = {
  ts: { type: "TIMESTAMPTZ", meaning: "When the call ended.", value: "try_cast(r.timestamp AS TIMESTAMPTZ)" },
  id: { type: "VARCHAR", meaning: "Of the record (UUIDv7). NULL only in records of other programs." },
  key: { type: "VARCHAR", meaning: "The row of the allow-list (lmgate_id).", value: "r.lmgate_id" },
  owner: { type: "VARCHAR", meaning: "Of the row of the allow-list." },
  provider: { type: "VARCHAR", meaning: "Name of the provider in the path." },
  model: { type: "VARCHAR", meaning: "The model in the answer, else in the request, path or query." },
  endpoint: { type: "VARCHAR", meaning: "The path as the client sent it, prefix included, without the query." },
  operation: { type: "VARCHAR", meaning: "What kind of call it was: chat, embeddings, session and others." },
  method: { type: "VARCHAR", meaning: "HTTP method." },
  status: { type: "SMALLINT", meaning: "What the client got; NULL if it got nothing." },
  error_type: { type: "VARCHAR", meaning: "NULL when all went well." },
  stream: { type: "BOOLEAN", meaning: "Whether the answer came as a stream, or one was asked for." },
  masked_key: { type: "VARCHAR", meaning: "The last six characters of the key; empty for a short one." },
  client_app: {
    type: "VARCHAR",
    meaning: "What called, by its user agent: claude-cli, openai-python, other.",
    value: clientAppSql("r.user_agent"),
  },
  user_agent: { type: "VARCHAR", meaning: "As the client sent it, capped." },
  client_ip: { type: "VARCHAR", meaning: "Where the call came from." },
  tags: { type: "MAP(VARCHAR, VARCHAR)", meaning: "The client's own labels: tags['team']. NULL for none." },
  usage: {
    type: "VARCHAR",
    meaning: "known, estimated (only estimates), missing, not_applicable (an error, a list of models) or replay.",
    value: usageClassSql(),
  },
  usage_state: {
    type: "VARCHAR",
    meaning: "The record's own word: final, partial, aborted, replay, missing, not_applicable.",
  },
  usage_source: { type: "VARCHAR", meaning: "Where the counters were read: body, stream, header, websocket, none." },
  usage_reason: { type: "VARCHAR", meaning: "Why usage is missing or doubtful." },
  input_tokens: { type: "BIGINT", meaning: "The provider's own input counter. Sums are of total_input_tokens." },
  output_tokens: { type: "BIGINT", meaning: "The provider's own output counter. Sums are of total_output_tokens." },
  total_input_tokens: {
    type: "BIGINT",
    meaning: "All input: cache reads, cache writes and tool use included; input_tokens where the record has no total.",
    value: "coalesce(r.total_input_tokens, r.input_tokens)",
  },
  total_output_tokens: {
    type: "BIGINT",
    meaning: "All output, reasoning included; output_tokens where the record has no total.",
    value: "coalesce(r.total_output_tokens, r.output_tokens)",
  },
  total_tokens: {
    type: "BIGINT",
    meaning: "The provider's total, else the sum of the two totals.",
    value: TOTAL_TOKENS,
  },
  cached_input_tokens: { type: "BIGINT", meaning: "Part of total_input_tokens: read from the provider's cache." },
  cache_write_tokens: { type: "BIGINT", meaning: "Part of total_input_tokens: written to the provider's cache." },
  reasoning_tokens: { type: "BIGINT", meaning: "Part of total_output_tokens: spent on reasoning." },
  tool_input_tokens: { type: "BIGINT", meaning: "Part of total_input_tokens: what tools brought in." },
  unattributed_tokens: { type: "BIGINT", meaning: "Part of total_tokens that is neither input nor output." },
  estimated_input_tokens: { type: "BIGINT", meaning: "A guess, where the provider gave no counter; in no sum." },
  estimated_output_tokens: { type: "BIGINT", meaning: "A guess, where the provider gave no counter; in no sum." },
  cost_usd: {
    type: "DECIMAL(18, 12)",
    meaning: "US dollars, by list prices unless the provider said it. NULL: nothing to price, or no price.",
  },
  cost_source: { type: "VARCHAR", meaning: "provider, override, table; none: something was used that has no price." },
  provider_cost_usd: { type: "DOUBLE", meaning: "What the provider itself says that the call cost." },
  duration_ms: { type: "DOUBLE", meaning: "From the request head to the end of the answer." },
  ttfb_ms: { type: "DOUBLE", meaning: "From the last byte of the request to the first of the answer." },
  ttft_ms: { type: "DOUBLE", meaning: "From the last byte of the request to the first event with content." },
  request_bytes: { type: "BIGINT", meaning: "Bytes of the request body as they passed." },
  response_bytes: { type: "BIGINT", meaning: "Bytes of the response body as they passed." },
  request_model: { type: "VARCHAR", meaning: "The model that was asked for, where the record tells it." },
  response_model: { type: "VARCHAR", meaning: "The model that answered, where the record tells it." },
  deployment: { type: "VARCHAR", meaning: "A deployment's name in the path, where it is not a model's." },
  service_tier: { type: "VARCHAR", meaning: "What changes the price, as the provider put it." },
  response_id: { type: "VARCHAR", meaning: "The provider's id of the answer." },
  request_id: { type: "VARCHAR", meaning: "The provider's id of the request." },
  session_id: { type: "VARCHAR", meaning: "The same on all records of one WebSocket." },
  close_code: { type: "INTEGER", meaning: "Of the first close frame, on the record that closes a WebSocket." },
  instance: { type: "VARCHAR", meaning: "The gateway's start that wrote the record." },
  seq: { type: "BIGINT", meaning: "The record's number within its instance, from 1." },
  rest: {
    type: "JSON",
    meaning: "What else the record holds, under the record's own names: cache_write_by_ttl, extra_items, tool_calls.",
    value: restSql(),
  },
} satisfies Readonly<Record<string, Typed>>;

/** In the order in which they are shown. */
export const REQUEST_COLUMNS: readonly Column[] = Object.entries<Typed>(CALLS).map(([name, column]) => ({
  name,
  type: column.type,
  meaning: column.meaning,
  value: column.value ?? `r.${name}`,
}));
