import type { LoggedRequest } from "../../simulator/request-log.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { ClientResult } from "./client.ts";
import type { RequestKind, PlannedRequest } from "./planned-request.ts";

const MAX_VIOLATIONS = 20;

interface OpenRequest {
  readonly plan: PlannedRequest;
  result?: ClientResult;
  record?: RequestRecord;
}

/**
 * Compares three sources for each request: what the client received, what the upstream sent, and the record. A request is
 * compared and forgotten once all three are known.
 */
export class RequestVerifier {
  /** Descriptions of the first violations. */
  readonly violations: string[] = [];
  violationCount = 0;
  readonly verified = new Map<RequestKind, number>();
  bodyBytes = 0;
  #lastSeq = 0;
  readonly #open = new Map<string, OpenRequest>();
  readonly #fromUpstream = new Map<string, LoggedRequest>();

  /** Number of requests for which a source is still missing. */
  get openCount(): number {
    return this.#open.size;
  }

  started(plan: PlannedRequest): void {
    this.#open.set(`soak-${plan.n}`, { plan });
  }

  clientResult(plan: PlannedRequest, result: ClientResult): void {
    const open = this.#open.get(`soak-${plan.n}`);
    if (open === undefined) return;
    open.result = result;
    this.bodyBytes += result.bodyBytes;
    this.#verify(open);
  }

  upstreamRequests(requests: readonly LoggedRequest[]): void {
    for (const request of requests) {
      // The client aborted before the response started, so neither client nor record has its id.
      if (request.ending === "aborted") continue;
      this.#fromUpstream.set(request.requestId, request);
    }
    for (const open of this.#open.values()) this.#verify(open);
  }

  record(record: RequestRecord): void {
    const { seq } = record;
    if (seq === undefined || seq !== this.#lastSeq + 1)
      this.#addViolation(`record ${seq} follows record ${this.#lastSeq}`);
    this.#lastSeq = seq ?? this.#lastSeq;
    const open = this.#open.get(record.user_agent ?? "");
    if (open === undefined) this.#addViolation(`record without an open request: ${JSON.stringify(record)}`);
    else if (open.record !== undefined) this.#addViolation(`two records: ${JSON.stringify(record)}`);
    else {
      open.record = record;
      this.#verify(open);
    }
  }

  /** Reports every request that is still open. */
  close(): void {
    for (const { plan, result, record } of this.#open.values()) {
      const missing =
        result === undefined ? "no response" : record === undefined ? "no record" : "no report of the upstream";
      this.#addViolation(`request ${plan.n} (${plan.kind}): ${missing}; ${JSON.stringify({ result, record })}`);
    }
    this.#open.clear();
  }

  #verify({ plan, result, record }: OpenRequest): void {
    if (result === undefined || record === undefined) return;
    const requestId = result.requestId ?? record.request_id;
    const upstream = requestId === undefined ? undefined : this.#fromUpstream.get(requestId);
    if (upstream === undefined && result.end !== "aborted") return;
    if (requestId !== undefined) this.#fromUpstream.delete(requestId);
    this.#open.delete(`soak-${plan.n}`);
    this.verified.set(plan.kind, (this.verified.get(plan.kind) ?? 0) + 1);
    for (const difference of differences({ plan, result, record, upstream })) {
      const sources = JSON.stringify({ result, upstream, record });
      this.#addViolation(`request ${plan.n} (${plan.kind}): ${difference}; ${sources}`);
    }
  }

  #addViolation(text: string): void {
    this.violationCount++;
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push(text);
  }
}

interface Observations {
  readonly plan: PlannedRequest;
  readonly result: ClientResult;
  readonly record: RequestRecord;
  readonly upstream: LoggedRequest | undefined;
}

function differences(observations: Observations): readonly string[] {
  const { plan, result, record, upstream } = observations;
  const differing = result.error === undefined ? [] : [result.error];
  const same = (name: string, found: unknown, expected: unknown): void => {
    if (found !== expected) differing.push(`${name} is ${String(found)}, not ${String(expected)}`);
  };
  same("provider", record.provider, plan.request.includes("/anthropic/") ? "anthropic" : "openai");
  same("the request's length", record.request_bytes, plan.bodyBytes);
  if (result.end === "aborted") {
    // The response may have been complete before the gateway noticed the abort.
    const isComplete = record.error_type === null && record.usage_state === "final";
    if (!isComplete) same("error_type", record.error_type, "client_aborted");
    return differing;
  }
  same("status", result.status, upstream?.status);
  same("the record's status", record.status, upstream?.status);
  same("the model", record.model, upstream?.model);
  if (plan.failure === "cut") {
    same("the end", result.end, "cut");
    same("error_type", record.error_type, "upstream_reset");
    if (record.usage_state === "final") differing.push("a cut response has final usage");
    if (result.bodyBytes > (upstream?.bodyBytes ?? 0)) differing.push("more bytes were received than sent");
    return differing;
  }
  same("the end", result.end, "complete");
  same("the body's length", result.bodyBytes, upstream?.bodyBytes);
  same("the body's checksum", result.bodyCrc, upstream?.bodyCrc);
  same("the record's length", record.response_bytes, upstream?.bodyBytes);
  same("request_id", record.request_id, upstream?.requestId);
  if (plan.failure === "error response") {
    if (record.error_type === null) differing.push("the error has no error_type");
  } else {
    same("error_type", record.error_type, null);
    same("usage_state", record.usage_state, "final");
    same("response_id", record.response_id, upstream?.id);
  }
  same("input_tokens", record.input_tokens, upstream?.input);
  same("output_tokens", record.output_tokens, upstream?.output);
  return differing;
}
