import type { Usage, UsageSource, UsageState } from "../../core/usage/usage.ts";
import type { Dialect, PartialUsage } from "../dialects/dialect.ts";
import { isTerminal } from "../dialects/openai/openai-responses.ts";
import type { Ending } from "./ending.ts";
import type { Endpoint } from "../dialects/endpoint.ts";

/** Why observation of an answer stopped before its end. */
export type Blindness = "encoding" | "too_large" | "opaque";

/** What is known when an exchange is over. */
export interface UsageStateInput {
  readonly ending: Ending;
  readonly endpoint: Endpoint;
  readonly findings: PartialUsage;
  readonly usage: Usage | undefined;
  readonly inconsistent: boolean;
  /** `undefined`: no answer came. */
  readonly status: number | undefined;
  readonly hasBody: boolean;
  readonly stream: boolean;
  readonly blindness: Blindness | undefined;
  /** The body ended within a document. */
  readonly torn: boolean;
  /** A document in between was not JSON. */
  readonly ragged: boolean;
  /** An event stream stopped without the end that its dialect has. */
  readonly unended: boolean;
  readonly usageRequested: boolean | undefined;
}

export interface UsageVerdict {
  readonly state: UsageState;
  readonly reason: string | undefined;
  readonly source: UsageSource;
}

/** Whether any counter, unit or price is known, as opposed to a tier or an object of an unknown kind. */
export function isCounted(usage: Usage | undefined): usage is Usage {
  return (
    usage !== undefined &&
    (usage.inputTokens !== undefined ||
      usage.outputTokens !== undefined ||
      usage.totalTokens !== undefined ||
      usage.images !== undefined ||
      usage.pages !== undefined ||
      usage.audioSeconds !== undefined ||
      usage.searchUnits !== undefined ||
      usage.toolCalls !== undefined ||
      usage.providerCostUsd !== undefined)
  );
}

/** The honest word on a call's usage. */
export function judge(evidence: UsageStateInput): UsageVerdict {
  const source = evidence.findings.head !== undefined ? "header" : evidence.stream ? "stream" : "body";
  if (isCounted(evidence.usage)) return { ...counted(evidence), source };
  return { ...uncounted(evidence), source: "none" };
}

interface Word {
  readonly state: UsageState;
  readonly reason: string | undefined;
}

function counted(evidence: UsageStateInput): Word {
  const { ending, endpoint, findings } = evidence;
  if (endpoint.usage === "replay") return { state: "replay", reason: undefined };
  if (ending === "aborted") return { state: "aborted", reason: "aborted" };
  if (ending === "cut") return { state: "partial", reason: "cut" };
  // Counters in the head are whole, whatever becomes of the body.
  const shortfall = findings.head === undefined ? shortfallOf(evidence) : undefined;
  if (shortfall !== undefined) return { state: "partial", reason: shortfall };
  const reason = ending === "drained" ? "drained" : undefined;
  return { state: "final", reason: evidence.inconsistent ? "inconsistent" : reason };
}

/** Why the counters of an answer that came to its end may not be its last. */
function shortfallOf(evidence: UsageStateInput): string | undefined {
  if (evidence.blindness !== undefined) return evidence.blindness;
  // A response that failed as a whole is billed for what it says; an error in the middle of a stream ends it early.
  if (evidence.stream && evidence.findings.failed && !isSettled(evidence)) return "error";
  if (evidence.torn && !evidence.stream) return "unparsable";
  return evidence.torn || evidence.unended ? "cut" : undefined;
}

function uncounted(evidence: UsageStateInput): Word {
  const { ending, endpoint, findings, status } = evidence;
  if (endpoint.usage === "none") return NOT_APPLICABLE;
  // An error uses nothing, a redirect neither; a 101 leads to another protocol that may.
  if (status !== undefined && status >= 300) return NOT_APPLICABLE;
  if (ending === "aborted") return { state: "aborted", reason: "aborted" };
  if (status === undefined || ending === "cut") return missing("cut");
  if (endpoint.usage === "unread") return missing("unsupported");
  if (!evidence.hasBody || isPlainError(evidence)) return NOT_APPLICABLE;
  switch (endpoint.usage) {
    case "replay":
      return isSettled(evidence) ? { state: "replay", reason: undefined } : NOT_APPLICABLE;
    case "possible":
      // A shape that was recognized is one that has usage.
      if (findings.dialect !== undefined) return missing(whyMissing(evidence));
      return evidence.usage === undefined ? NOT_APPLICABLE : missing("unsupported");
    case "expected":
      return missing(whyMissing(evidence));
  }
}

/** A body that is an error and nothing else, whatever its status says. */
function isPlainError(evidence: UsageStateInput): boolean {
  return evidence.findings.failed && !evidence.stream && evidence.findings.status === undefined;
}

/** Why a complete, successful answer that should have had usage has none that we know. */
function whyMissing(evidence: UsageStateInput): string {
  const { findings, stream } = evidence;
  if (evidence.blindness !== undefined) return evidence.blindness;
  if (findings.failed) return "error";
  if (findings.status !== undefined && !isSettled(evidence)) return stream && !findings.ended ? "cut" : "pending";
  if (evidence.torn || evidence.ragged) return "unparsable";
  if (stream && evidence.usageRequested !== true && readerOf(evidence).optionalInStreams) return "not_requested";
  return evidence.unended ? "cut" : "absent";
}

function readerOf({ findings, endpoint }: UsageStateInput): Dialect {
  return findings.dialect ?? endpoint.reader;
}

/** The answer has a life of its own, and that is over. */
function isSettled(evidence: UsageStateInput): boolean {
  const { status } = evidence.findings;
  const { terminal } = readerOf(evidence);
  return terminal === undefined ? isTerminal(status) : status !== undefined && terminal.has(status);
}

function missing(reason: string): Word {
  return { state: "missing", reason };
}

const NOT_APPLICABLE: Word = { state: "not_applicable", reason: undefined };
