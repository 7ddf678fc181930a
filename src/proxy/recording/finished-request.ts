import { RECORD_SCHEMA } from "../../core/request/field-definition.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading, Usage } from "../../core/usage/usage.ts";
import type { Field } from "../../wire/field.ts";
import type { AdmittedRequest } from "../admission/admit.ts";
import { recordedItems } from "./recorded-items.ts";
import { CheckedTexts, redactKeys } from "./redaction.ts";
import { parseTags } from "../admission/tags.ts";
import { Timestamps } from "./record-ids.ts";

const MAX_USER_AGENT = 256;
const MAX_REQUEST_ID = 128;

/**
 * Everything known about a forwarded request, or about one billed turn of a WebSocket session, when it ends. Times are
 * on the worker's monotonic clock.
 */
export interface FinishedRequest {
  readonly id: string;
  readonly request: AdmittedRequest;
  readonly clientIp: string;
  readonly outcome: Outcome;
  /** As sent to the client; `undefined` if no response was. */
  readonly status: number | undefined;
  readonly responseFields: readonly Field[];
  readonly startedAt: number;
  readonly requestSentAt: number | undefined;
  readonly firstByteAt: number | undefined;
  readonly endedAt: number;
  /** `undefined` for a turn of a session: its bytes are counted with the session. */
  readonly requestBytes: number | undefined;
  readonly responseBytes: number | undefined;
  readonly reading: UsageReading;
  readonly sessionId: string | undefined;
  readonly closeCode: number | undefined;
}

/** Work on earlier records that makes the next one faster. */
export class RecordCaches {
  readonly timestamps = new Timestamps();
  readonly checkedTexts = new CheckedTexts();
}

// One flat list in the order of the record's fields. Two parts would be harder to read and cost a copy per request.
// oxlint-disable max-lines-per-function
/** Makes the record. `wallNow` is the moment when the request ended, in epoch milliseconds. */
export function toRequestRecord(
  finished: FinishedRequest,
  wallNow: number,
  caches = new RecordCaches(),
): RequestRecord {
  const { request, reading, requestSentAt } = finished;
  const usage: Usage = reading.usage ?? {};
  const sent = clientFields(request.head.fields);
  const record: RequestRecord = {
    timestamp: caches.timestamps.format(wallNow),
    lmgate_id: request.client?.id ?? null,
    provider: request.route.provider.name,
    endpoint: request.route.endpoint,
    model: reading.responseModel ?? reading.requestModel ?? null,
    status: finished.status ?? null,
    input_tokens: usage.inputTokens ?? null,
    output_tokens: usage.outputTokens ?? null,
    masked_key: request.maskedKey,
    error_type: errorType(finished),
    id: finished.id,
    schema: RECORD_SCHEMA,
    owner: request.client?.owner,
    method: request.head.method,
    operation: reading.operation,
    stream: reading.stream,
    duration_ms: rounded(finished.endedAt - finished.startedAt),
    ttfb_ms: since(requestSentAt, finished.firstByteAt),
    ttft_ms: since(requestSentAt, reading.firstContentAt),
    request_bytes: finished.requestBytes,
    response_bytes: finished.responseBytes,
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
    request_id: requestId(finished.responseFields),
    user_agent: sent.userAgent,
    client_ip: finished.clientIp,
    tags: sent.tags,
    session_id: finished.sessionId,
    close_code: finished.closeCode,
  };
  return redactKeys(record, request.keys, caches.checkedTexts);
}

/** The two model names get fields of their own only if both are known and they differ. */
function differing(model: string | undefined, other: string | undefined): string | undefined {
  return other !== undefined && model !== other ? model : undefined;
}

function since(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : rounded(Math.max(0, to - from));
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}

function errorType(finished: FinishedRequest): string | null {
  const { outcome, reading, status } = finished;
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

interface ClientFields {
  readonly userAgent: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

function clientFields(fields: readonly Field[]): ClientFields {
  let userAgent: string | undefined;
  let tags: Readonly<Record<string, string>> | undefined;
  for (const field of fields) {
    if (field.name === "user-agent") userAgent ??= field.value.slice(0, MAX_USER_AGENT);
    else if (field.name === "x-lmgate-tags") tags ??= parseTags(field.value);
  }
  return { userAgent, tags };
}

/** The provider's own id of the request, which its support asks for. */
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
