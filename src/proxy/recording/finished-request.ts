import { type RequestRecord, RECORD_SCHEMA } from "../../core/request/request-record.ts";
import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading, Usage } from "../../core/usage/usage.ts";
import type { Field } from "../../wire/field.ts";
import { CleanTexts } from "./clean-texts.ts";
import type { Admitted } from "../admission/admit.ts";
import { recordedItems } from "./recorded-items.ts";
import { withoutKeys } from "./redaction.ts";
import { parseTags } from "../admission/tags.ts";
import { Timestamps } from "./timestamps.ts";

const MAX_USER_AGENT = 256;
const MAX_REQUEST_ID = 128;

/** Everything that is known of one forwarded call, or of one billed piece of a WebSocket, when it ends. Times are on the thread's monotonic clock. */
export interface FinishedRequest {
  readonly id: string;
  readonly call: Admitted;
  readonly clientIp: string;
  readonly outcome: Outcome;
  /** As sent to the client; `undefined` when nothing was. */
  readonly status: number | undefined;
  readonly responseFields: readonly Field[];
  readonly startedAt: number;
  readonly requestSentAt: number | undefined;
  readonly firstByteAt: number | undefined;
  readonly endedAt: number;
  /** Those of a whole connection; its pieces have none of their own. */
  readonly requestBytes: number | undefined;
  readonly responseBytes: number | undefined;
  readonly reading: UsageReading;
  readonly sessionId: string | undefined;
  readonly closeCode: number | undefined;
}

/** What one record leaves for the next to be made faster. */
export class RecordMemory {
  readonly timestamps = new Timestamps();
  readonly cleanTexts = new CleanTexts();
}

// One flat list in the order of the file's lines: cut in two it would be harder to read, and cost a copy per call.
// oxlint-disable max-lines-per-function
/** The one place where a call becomes a record. `wallNow` is the moment it ended, in epoch milliseconds. */
export function toRequestRecord(passage: FinishedRequest, wallNow: number, memory = new RecordMemory()): RequestRecord {
  const { call, reading, requestSentAt } = passage;
  const usage: Usage = reading.usage ?? {};
  const sent = sentFacts(call.head.fields);
  const record: RequestRecord = {
    timestamp: memory.timestamps.of(wallNow),
    lmgate_id: call.client?.id ?? null,
    provider: call.route.provider.name,
    endpoint: call.route.endpoint,
    model: reading.responseModel ?? reading.requestModel ?? null,
    status: passage.status ?? null,
    input_tokens: usage.inputTokens ?? null,
    output_tokens: usage.outputTokens ?? null,
    masked_key: call.maskedKey,
    error_type: errorType(passage),
    id: passage.id,
    schema: RECORD_SCHEMA,
    owner: call.client?.owner,
    method: call.head.method,
    operation: reading.operation,
    stream: reading.stream,
    duration_ms: rounded(passage.endedAt - passage.startedAt),
    ttfb_ms: since(requestSentAt, passage.firstByteAt),
    ttft_ms: since(requestSentAt, reading.firstContentAt),
    request_bytes: passage.requestBytes,
    response_bytes: passage.responseBytes,
    total_input_tokens: usage.totalInputTokens,
    total_output_tokens: usage.totalOutputTokens,
    total_tokens: usage.totalTokens,
    cached_input_tokens: usage.cachedInputTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    cache_write_by_ttl: usage.cacheWriteByTtl,
    reasoning_tokens: usage.reasoningTokens,
    tool_input_tokens: usage.toolInputTokens,
    unattributed_tokens: usage.unattributedTokens,
    input_by_modality: usage.inputByModality,
    output_by_modality: usage.outputByModality,
    cached_by_modality: usage.cachedByModality,
    prediction_accepted_tokens: usage.predictionAcceptedTokens,
    prediction_rejected_tokens: usage.predictionRejectedTokens,
    audio_seconds: usage.audioSeconds,
    pages: usage.pages,
    images: usage.images,
    search_units: usage.searchUnits,
    tool_calls: usage.toolCalls,
    service_tier: usage.serviceTier,
    speed: usage.speed,
    inference_geo: usage.inferenceGeo,
    traffic_type: usage.trafficType,
    provider_cost_usd: usage.providerCostUsd,
    estimated_input_tokens: reading.estimatedInputTokens,
    estimated_output_tokens: reading.estimatedOutputTokens,
    extra_items: recordedItems(usage.extraItems),
    usage_raw: usage.raw,
    usage_source: reading.source,
    usage_state: reading.state,
    usage_reason: reading.reason,
    request_model: differing(reading.requestModel, reading.responseModel),
    response_model: differing(reading.responseModel, reading.requestModel),
    deployment: reading.deployment,
    response_id: reading.responseId,
    request_id: requestId(passage.responseFields),
    user_agent: sent.userAgent,
    client_ip: passage.clientIp,
    tags: sent.tags,
    session_id: passage.sessionId,
    close_code: passage.closeCode,
  };
  return withoutKeys(record, call.keys, memory.cleanTexts);
}

/** The two model names are worth their own fields only when both are known and they differ. */
function differing(model: string | undefined, other: string | undefined): string | undefined {
  return other !== undefined && model !== other ? model : undefined;
}

function since(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : rounded(Math.max(0, to - from));
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}

function errorType(passage: FinishedRequest): string | null {
  const { outcome, reading, status } = passage;
  switch (outcome.kind) {
    case "complete":
      if (reading.errorType !== undefined) return reading.errorType;
      return status !== undefined && status >= 400 ? `http_${status}` : null;
    case "client-aborted":
      return "client_aborted";
    case "body-too-large":
      return "body_too_large";
    case "shutdown":
      return "shutdown";
    case "interrupted":
      return "interrupted";
    case "upstream":
      return outcome.fault;
  }
}

interface SentFacts {
  readonly userAgent: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

function sentFacts(fields: readonly Field[]): SentFacts {
  let userAgent: string | undefined;
  let tags: Readonly<Record<string, string>> | undefined;
  for (const field of fields) {
    if (field.name === "user-agent") userAgent ??= field.value.slice(0, MAX_USER_AGENT);
    else if (field.name === "x-lmgate-tags") tags ??= parseTags(field.value);
  }
  return { userAgent, tags };
}

/** The provider's own name for the call, for talking to its support. */
function requestId(fields: readonly Field[]): string | undefined {
  for (const field of fields) {
    switch (field.name) {
      case "x-request-id":
      case "request-id":
      case "x-amzn-requestid":
      case "apim-request-id":
        return field.value.slice(0, MAX_REQUEST_ID);
      default:
    }
  }
  return undefined;
}
