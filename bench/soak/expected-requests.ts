import type { AnsweredCall } from "../../simulator/request-log.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { Seen } from "./client.ts";
import type { DimensionSet, PlannedRequest } from "./planned-request.ts";

const MAX_TOLD = 20;

interface Entry {
  readonly plan: PlannedRequest;
  seen?: Seen;
  record?: RequestRecord;
}

/**
 * Three accounts of each call: what the client saw, what the upstream says it answered, what the record says. Once all are
 * there they are compared and forgotten.
 */
export class Books {
  /** What was wrong, the first of it in words. */
  readonly violations: string[] = [];
  violationCount = 0;
  readonly settled = new Map<DimensionSet, number>();
  bodyBytes = 0;
  #lastSeq = 0;
  readonly #open = new Map<string, Entry>();
  readonly #answered = new Map<string, AnsweredCall>();

  /** Calls of which something is still missing. */
  get unsettled(): number {
    return this.#open.size;
  }

  begin(plan: PlannedRequest): void {
    this.#open.set(`soak-${plan.n}`, { plan });
  }

  seen(plan: PlannedRequest, seen: Seen): void {
    const entry = this.#open.get(`soak-${plan.n}`);
    if (entry === undefined) return;
    entry.seen = seen;
    this.bodyBytes += seen.bodyBytes;
    this.#settle(entry);
  }

  answered(calls: readonly AnsweredCall[]): void {
    for (const call of calls) {
      // Left before it began: nobody knows its name.
      if (call.ending === "aborted") continue;
      this.#answered.set(call.requestId, call);
    }
    for (const entry of this.#open.values()) this.#settle(entry);
  }

  record(record: RequestRecord): void {
    const { seq } = record;
    if (seq === undefined || seq !== this.#lastSeq + 1) this.#wrong(`record ${seq} follows record ${this.#lastSeq}`);
    this.#lastSeq = seq ?? this.#lastSeq;
    const entry = this.#open.get(record.user_agent ?? "");
    if (entry === undefined) this.#wrong(`a record of no call, or its second one: ${JSON.stringify(record)}`);
    else if (entry.record !== undefined) this.#wrong(`two records: ${JSON.stringify(record)}`);
    else {
      entry.record = record;
      this.#settle(entry);
    }
  }

  /** What is still open will not be settled any more. */
  close(): void {
    for (const { plan, seen, record } of this.#open.values()) {
      const missing = seen === undefined ? "no answer" : record === undefined ? "no record" : "no word of the upstream";
      this.#wrong(`call ${plan.n} (${plan.kind}): ${missing}; ${JSON.stringify({ seen, record })}`);
    }
    this.#open.clear();
  }

  #settle({ plan, seen, record }: Entry): void {
    if (seen === undefined || record === undefined) return;
    const requestId = seen.requestId ?? record.request_id;
    const call = requestId === undefined ? undefined : this.#answered.get(requestId);
    if (call === undefined && seen.end !== "left") return;
    if (requestId !== undefined) this.#answered.delete(requestId);
    this.#open.delete(`soak-${plan.n}`);
    this.settled.set(plan.kind, (this.settled.get(plan.kind) ?? 0) + 1);
    for (const wrong of differences({ plan, seen, record, call })) {
      this.#wrong(`call ${plan.n} (${plan.kind}): ${wrong}; ${JSON.stringify({ seen, call, record })}`);
    }
  }

  #wrong(what: string): void {
    this.violationCount++;
    if (this.violations.length < MAX_TOLD) this.violations.push(what);
  }
}

interface CostCounters {
  readonly plan: PlannedRequest;
  readonly seen: Seen;
  readonly record: RequestRecord;
  readonly call: AnsweredCall | undefined;
}

function differences(accounts: CostCounters): readonly string[] {
  const { plan, seen, record, call } = accounts;
  const differing = seen.fault === undefined ? [] : [seen.fault];
  const same = (what: string, found: unknown, expected: unknown): void => {
    if (found !== expected) differing.push(`${what} is ${String(found)}, not ${String(expected)}`);
  };
  same("provider", record.provider, plan.request.includes("/anthropic/") ? "anthropic" : "openai");
  same("the request's length", record.request_bytes, plan.bodyBytes);
  if (seen.end === "left") {
    // The whole answer may have been on its way when the client left.
    const whole = record.error_type === null && record.usage_state === "final";
    if (!whole) same("error_type", record.error_type, "client_aborted");
    return differing;
  }
  same("status", seen.status, call?.status);
  same("the record's status", record.status, call?.status);
  same("the model", record.model, call?.model);
  if (plan.fault === "breaks off") {
    same("the end", seen.end, "cut");
    same("error_type", record.error_type, "upstream_reset");
    if (record.usage_state === "final") differing.push("a broken call has final usage");
    if (seen.bodyBytes > (call?.bodyBytes ?? 0)) differing.push("more bytes came than were sent");
    return differing;
  }
  same("the end", seen.end, "whole");
  same("the body's length", seen.bodyBytes, call?.bodyBytes);
  same("the body's checksum", seen.bodyCrc, call?.bodyCrc);
  same("the record's length", record.response_bytes, call?.bodyBytes);
  same("request_id", record.request_id, call?.requestId);
  if (plan.fault === "answers an error") {
    if (record.error_type === null) differing.push("the error has no error_type");
  } else {
    same("error_type", record.error_type, null);
    same("usage_state", record.usage_state, "final");
    same("response_id", record.response_id, call?.id);
  }
  same("input_tokens", record.input_tokens, call?.input);
  same("output_tokens", record.output_tokens, call?.output);
  return differing;
}
