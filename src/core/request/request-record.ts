import type { CostSource, UsageSource, UsageState } from "../usage/usage.ts";

/** The version of the record, as `docs/record.schema.json` describes it. New fields leave it as it is; a changed meaning does not. */
export const RECORD_SCHEMA = 1;

/** One line of `stats.jsonl`. The first ten are always there, `null` when unknown; the rest are left out when unknown. */
export interface RequestRecord {
  timestamp: string;
  /** `null` only for a preflight that was let through without a key. */
  lmgate_id: string | null;
  provider: string;
  endpoint: string;
  model: string | null;
  status: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  masked_key: string;
  error_type: string | null;
  id: string;
  /** Missing only in records older than the field. */
  schema?: typeof RECORD_SCHEMA | undefined;
  owner?: string | undefined;
  method?: string | undefined;
  operation?: string | undefined;
  stream?: boolean | undefined;
  duration_ms?: number | undefined;
  ttfb_ms?: number | undefined;
  ttft_ms?: number | undefined;
  request_bytes?: number | undefined;
  response_bytes?: number | undefined;
  total_input_tokens?: number | undefined;
  total_output_tokens?: number | undefined;
  total_tokens?: number | undefined;
  cached_input_tokens?: number | undefined;
  cache_write_tokens?: number | undefined;
  cache_write_by_ttl?: Readonly<Record<string, number>> | undefined;
  reasoning_tokens?: number | undefined;
  tool_input_tokens?: number | undefined;
  unattributed_tokens?: number | undefined;
  input_by_modality?: Readonly<Record<string, number>> | undefined;
  output_by_modality?: Readonly<Record<string, number>> | undefined;
  cached_by_modality?: Readonly<Record<string, number>> | undefined;
  prediction_accepted_tokens?: number | undefined;
  prediction_rejected_tokens?: number | undefined;
  audio_seconds?: number | undefined;
  pages?: number | undefined;
  images?: number | undefined;
  search_units?: number | undefined;
  tool_calls?: Readonly<Record<string, number>> | undefined;
  service_tier?: string | undefined;
  speed?: string | undefined;
  inference_geo?: string | undefined;
  traffic_type?: string | undefined;
  provider_cost_usd?: number | undefined;
  /** Added by the ledger: an estimate from list prices, unless the provider said it. `null`: there is no price. */
  cost_usd?: number | null | undefined;
  cost_source?: CostSource | undefined;
  extra_items?: readonly unknown[] | undefined;
  usage_raw?: unknown;
  usage_source?: UsageSource | undefined;
  usage_state?: UsageState | undefined;
  usage_reason?: string | undefined;
  request_model?: string | undefined;
  response_model?: string | undefined;
  deployment?: string | undefined;
  response_id?: string | undefined;
  request_id?: string | undefined;
  user_agent?: string | undefined;
  client_ip?: string | undefined;
  tags?: Readonly<Record<string, string>> | undefined;
  /** Only where the provider gave no counter; never part of any other field, a sum or a cost. */
  estimated_input_tokens?: number | undefined;
  estimated_output_tokens?: number | undefined;
  /** The same on all records of one WebSocket: the id of the one that closes it. */
  session_id?: string | undefined;
  /** Of the first close frame; on the record that closes a WebSocket. */
  close_code?: number | undefined;
  /** These too. */
  instance?: string | undefined;
  seq?: number | undefined;
}
