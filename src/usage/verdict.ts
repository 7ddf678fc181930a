import type { Usage, UsageSource, UsageState } from "../core/usage.ts";
import type { Findings } from "./dialect.ts";
import type { Endpoint } from "./dialects/table.ts";
import { isTerminal } from "./dialects/openai-responses.ts";

/** How the exchange ended: complete; the client left or the gateway shut down; the provider's answer was cut or timed out. */
export type Ending = "complete" | "aborted" | "cut";

/** Why observation of an answer stopped before its end. */
export type Blindness = "encoding" | "too_large" | "opaque" | "observer_error";

/** What is known when an exchange is over. */
export interface Evidence {
  readonly ending: Ending;
  readonly endpoint: Endpoint;
  readonly findings: Findings;
  readonly usage: Usage | undefined;
  readonly inconsistent: boolean;
  /** `undefined`: no answer came. */
  readonly status: number | undefined;
  readonly hasBody: boolean;
  readonly stream: boolean;
  readonly blindness: Blindness | undefined;
  readonly torn: boolean;
  readonly usageRequested: boolean | undefined;
}

export interface Verdict {
  readonly state: UsageState;
  readonly reason: string | undefined;
  readonly source: UsageSource;
}

/** Whether any counter or price is known, as opposed to a tier or an object of an unknown kind. */
export function isCounted(usage: Usage | undefined): usage is Usage {
  return (
    usage !== undefined &&
    (usage.inputTokens !== undefined ||
      usage.outputTokens !== undefined ||
      usage.totalTokens !== undefined ||
      usage.providerCostUsd !== undefined)
  );
}

/** The honest word on a call's usage. */
export function judge(evidence: Evidence): Verdict {
  const source = evidence.stream ? "stream" : "body";
  if (isCounted(evidence.usage)) return { ...counted(evidence), source };
  return { ...uncounted(evidence), source: "none" };
}

interface Word {
  readonly state: UsageState;
  readonly reason: string | undefined;
}

function counted(evidence: Evidence): Word {
  const { ending, endpoint, findings } = evidence;
  if (ending === "aborted") return { state: "aborted", reason: "aborted" };
  if (endpoint.usage === "replay") return { state: "replay", reason: undefined };
  if (ending === "cut") return { state: "partial", reason: "cut" };
  if (evidence.blindness !== undefined) return { state: "partial", reason: evidence.blindness };
  // A response that failed as a whole is billed for what it says; an error in the middle of a stream ends it early.
  const failedMidway = evidence.stream && findings.failed && !isTerminal(findings.status);
  if (failedMidway) return { state: "partial", reason: "error" };
  if (evidence.stream ? !findings.ended : evidence.torn)
    return { state: "partial", reason: evidence.stream ? "cut" : "unparsable" };
  return { state: "final", reason: evidence.inconsistent ? "inconsistent" : undefined };
}

function uncounted(evidence: Evidence): Word {
  const { ending, endpoint, findings, status } = evidence;
  if (endpoint.usage === "none") return NOT_APPLICABLE;
  if (ending === "aborted") return { state: "aborted", reason: "aborted" };
  if (status === undefined || ending === "cut") return missing("cut");
  if (status >= 300 || !evidence.hasBody) return NOT_APPLICABLE;
  if (endpoint.usage === "unread") return missing("unsupported");
  if (endpoint.usage === "replay") {
    return isTerminal(findings.status) ? { state: "replay", reason: undefined } : NOT_APPLICABLE;
  }
  if (evidence.blindness !== undefined)
    return endpoint.usage === "possible" ? NOT_APPLICABLE : missing(evidence.blindness);
  if (endpoint.usage === "possible") return evidence.usage === undefined ? NOT_APPLICABLE : missing("unsupported");
  if (findings.failed) return evidence.stream ? missing("error") : NOT_APPLICABLE;
  if (findings.status !== undefined && !isTerminal(findings.status) && !evidence.stream) return missing("pending");
  if (evidence.torn) return missing("unparsable");
  if (evidence.stream && evidence.usageRequested !== true && endpoint.reader.optionalInStreams)
    return missing("not_requested");
  return missing(evidence.stream && !findings.ended ? "cut" : "absent");
}

function missing(reason: string): Word {
  return { state: "missing", reason };
}

const NOT_APPLICABLE: Word = { state: "not_applicable", reason: undefined };
