import { RECORD_SCHEMA } from "../../core/request/field-definition.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading, Usage } from "../../core/usage/usage.ts";
import type { ApiKey } from "../../core/request/client.ts";
import { recordedItems } from "./recorded-items.ts";
import { CheckedTexts, redactKeys } from "./redaction.ts";
import { parseTags } from "../admission/tags.ts";
import { Timestamps } from "./record-ids.ts";

/**
 * Everything known about a forwarded request, or about one billed turn of a WebSocket session, when it ends, except what
 * it used. Plain data. The monotonic times are only compared with each other.
 */
export interface FinishedRequest {
  readonly id: string;
  /** `undefined` for a preflight, which carries no key. */
  readonly client: { readonly id: string; readonly owner: string } | undefined;
  readonly provider: string;
  readonly endpoint: string;
  readonly method: string;
  readonly maskedKey: string;
  readonly clientIp: string;
  readonly userAgent: string | undefined;
  /** The field `x-lmgate-tags` as sent. */
  readonly tags: string | undefined;
  /** The provider's own id of the request, which its support asks for. */
  readonly requestId: string | undefined;
  readonly outcome: Outcome;
  /** As sent to the client; `undefined` if no response was. */
  readonly status: number | undefined;
  /** Epoch milliseconds. */
  readonly wallEndedAt: number;
  readonly startedAt: number;
  readonly requestSentAt: number | undefined;
  readonly firstByteAt: number | undefined;
  readonly endedAt: number;
  /** `undefined` for a turn of a session: its bytes are counted with the session. */
  readonly requestBytes: number | undefined;
  readonly responseBytes: number | undefined;
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
/** Makes the record. `keys` are those of the request. */
export function toRequestRecord(
  finished: FinishedRequest,
  reading: UsageReading,
  keys: readonly ApiKey[],
  caches = new RecordCaches(),
): RequestRecord {
  const { requestSentAt } = finished;
  const usage: Usage = reading.usage ?? {};
  const record: RequestRecord = {
    timestamp: caches.timestamps.format(finished.wallEndedAt),
    lmgate_id: finished.client?.id ?? null,
    provider: finished.provider,
    endpoint: finished.endpoint,
    model: reading.responseModel ?? reading.requestModel ?? null,
    status: finished.status ?? null,
    input_tokens: usage.inputTokens ?? null,
    output_tokens: usage.outputTokens ?? null,
    masked_key: finished.maskedKey,
    error_type: errorType(finished, reading),
    id: finished.id,
    schema: RECORD_SCHEMA,
    owner: finished.client?.owner,
    method: finished.method,
    operation: reading.operation,
    stream: reading.stream,
    duration_ms: rounded(finished.endedAt - finished.startedAt),
    ttfb_ms: since(requestSentAt, finished.firstByteAt),
    ttft_ms: since(requestSentAt, reading.firstContentAt),
    request_bytes: finished.requestBytes,
    response_bytes: finished.responseBytes,
    error_code: finished.outcome.kind === "upstream" ? finished.outcome.code : undefined,
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
    request_id: finished.requestId,
    user_agent: finished.userAgent,
    client_ip: finished.clientIp,
    tags: finished.tags === undefined ? undefined : parseTags(finished.tags),
    session_id: finished.sessionId,
    close_code: finished.closeCode,
  };
  return redactKeys(record, keys, caches.checkedTexts);
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

function errorType({ outcome, status }: FinishedRequest, reading: UsageReading): string | null {
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
