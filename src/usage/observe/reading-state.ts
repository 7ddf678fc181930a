import type { Usage, UsageReading } from "../../core/usage/usage.ts";
import { type Dialect, isTerminal, type PartialUsage } from "../dialects/dialect.ts";
import type { Ending } from "./ending.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";

/** Why reading of a response stopped before its end. */
export type UnreadReason = "encoding" | "too_large" | "opaque";

/** The end of an exchange, from which the state of its reading follows. */
export interface ReadingStateInput {
  readonly ending: Ending;
  readonly endpoint: Endpoint;
  readonly partial: PartialUsage;
  readonly usage: Usage | undefined;
  readonly inconsistent: boolean;
  /** `undefined`: no response arrived. */
  readonly status: number | undefined;
  readonly hasBody: boolean;
  readonly stream: boolean;
  readonly unreadReason: UnreadReason | undefined;
  /** The body was not valid JSON, or ended inside a document. */
  readonly invalid: boolean;
  /** One of several documents was not valid JSON. */
  readonly hasInvalidDocument: boolean;
  /** An event stream ended without the end marker of its dialect. */
  readonly lacksEnd: boolean;
  readonly usageRequested: boolean | undefined;
}

export type ReadingState = Pick<UsageReading, "source" | "state" | "reason">;

/** True if a counter, unit or price is known. A service tier or an unknown usage object alone does not count. */
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

/** Determines how sure the usage is, for the record's `usage_state`, `usage_reason` and `usage_source`. */
export function readingStateOf(input: ReadingStateInput): ReadingState {
  const source = input.partial.headUsage !== undefined ? "header" : input.stream ? "stream" : "body";
  if (isCounted(input.usage)) return { ...counted(input), source };
  return { ...uncounted(input), source: "none" };
}

type StateAndReason = Pick<UsageReading, "state" | "reason">;

function counted(input: ReadingStateInput): StateAndReason {
  const { ending, endpoint, partial } = input;
  if (endpoint.usage === "replay") return { state: "replay", reason: undefined };
  if (ending === "aborted") return { state: "aborted", reason: "aborted" };
  if (ending === "cut") return { state: "partial", reason: "cut" };
  // Counters in the response head are complete, whatever happens to the body.
  const incomplete = partial.headUsage === undefined ? incompleteReason(input) : undefined;
  if (incomplete !== undefined) return { state: "partial", reason: incomplete };
  const reason = ending === "drained" ? "drained" : undefined;
  return { state: "final", reason: input.inconsistent ? "inconsistent" : reason };
}

/** Why the counters of a response that ended normally may not be the last ones. */
function incompleteReason(input: ReadingStateInput): string | undefined {
  if (input.unreadReason !== undefined) return input.unreadReason;
  // A response that failed as a whole is billed for the usage it reports; an error inside a stream ends the stream
  // early.
  if (input.stream && input.partial.failed && !hasTerminalStatus(input)) return "error";
  if (input.invalid && !input.stream) return "unparsable";
  return input.invalid || input.lacksEnd ? "cut" : undefined;
}

function uncounted(input: ReadingStateInput): StateAndReason {
  const { ending, endpoint, partial, status } = input;
  if (endpoint.usage === "none") return NOT_APPLICABLE;
  // Errors and redirects use nothing. A 101 switches to another protocol, which may.
  if (status !== undefined && status >= 300) return NOT_APPLICABLE;
  if (ending === "aborted") return { state: "aborted", reason: "aborted" };
  if (status === undefined || ending === "cut") return missing("cut");
  if (endpoint.usage === "unsupported") return missing("unsupported");
  if (!input.hasBody || isErrorOnly(input)) return NOT_APPLICABLE;
  switch (endpoint.usage) {
    case "replay":
      return hasTerminalStatus(input) ? { state: "replay", reason: undefined } : NOT_APPLICABLE;
    case "possible":
      // Auto-detection recognizes only documents that have usage.
      if (partial.dialect !== undefined) return missing(missingReason(input));
      return input.usage === undefined ? NOT_APPLICABLE : missing("unsupported");
    case "expected":
      return missing(missingReason(input));
  }
}

/** The body is only an error, whatever the status code says. */
function isErrorOnly(input: ReadingStateInput): boolean {
  return input.partial.failed && !input.stream && input.partial.status === undefined;
}

/** Why a complete, successful response of a kind that reports usage has none. */
function missingReason(input: ReadingStateInput): string {
  const { partial, stream } = input;
  if (input.unreadReason !== undefined) return input.unreadReason;
  if (partial.failed) return "error";
  if (partial.status !== undefined && !hasTerminalStatus(input)) return stream && !partial.ended ? "cut" : "pending";
  if (input.invalid || input.hasInvalidDocument) return "unparsable";
  if (stream && input.usageRequested !== true && readerOf(input).optionalInStreams) return "not_requested";
  return input.lacksEnd ? "cut" : "absent";
}

function readerOf({ partial, endpoint }: ReadingStateInput): Dialect {
  return partial.dialect ?? endpoint.reader;
}

/** The response has a status of its own, and that status is final. */
function hasTerminalStatus(input: ReadingStateInput): boolean {
  return isTerminal(input.partial.status, readerOf(input).terminal);
}

function missing(reason: string): StateAndReason {
  return { state: "missing", reason };
}

const NOT_APPLICABLE: StateAndReason = { state: "not_applicable", reason: undefined };
