import type { Outcome } from "../../core/request/outcome.ts";
import type { ApiKey } from "../../core/request/client.ts";
import { SEPARATOR } from "../../core/request/deferred-record.ts";
import type { FinishedRequest } from "./finished-request.ts";

/** The texts of a request for its record, which another thread gets as one text. */
export type TextAt = (index: number) => string;

/** How many texts `requestTexts` joins. */
export const REQUEST_TEXTS = 13;
/** Stands for a text that is absent. */
const ABSENT = "\u0001";

/** What a record says of the request's head and its connection. */
export type HeadFacts = Pick<
  FinishedRequest,
  "client" | "provider" | "endpoint" | "method" | "maskedKey" | "clientIp" | "userAgent" | "tags"
> & { readonly query: string; readonly exclusiveReasoning: boolean };

/** Those of the texts that requests with the same head share. */
export interface HeadTexts {
  readonly joined: string;
  /** One of the texts may hold a key of the request. */
  readonly mayHoldKey: boolean;
}

export function headTexts(facts: HeadFacts, keys: readonly ApiKey[]): HeadTexts {
  const joined = [
    facts.client?.id ?? ABSENT,
    facts.client?.owner ?? ABSENT,
    facts.provider,
    facts.endpoint,
    facts.method,
    facts.maskedKey,
    facts.clientIp,
    facts.userAgent ?? ABSENT,
    facts.tags ?? ABSENT,
    facts.query,
    facts.exclusiveReasoning ? "1" : "",
  ].join(SEPARATOR);
  return { joined, mayHoldKey: mayHoldKey(joined, keys) };
}

/** The texts of the request in their order, with a separator between them. */
export function requestTexts({ id, requestId }: FinishedRequest, { joined }: HeadTexts): string {
  return `${id}${SEPARATOR}${requestId ?? ABSENT}${SEPARATOR}${joined}`;
}

type Ending = Pick<
  FinishedRequest,
  | "status"
  | "wallEndedAt"
  | "startedAt"
  | "requestSentAt"
  | "firstByteAt"
  | "endedAt"
  | "requestBytes"
  | "responseBytes"
  | "sessionId"
>;

/** The request that had these texts. */
export function requestOf(textAt: TextAt, outcome: Outcome, ending: Ending): FinishedRequest {
  const id = optional(textAt(2));
  return {
    id: textAt(0),
    client: id === undefined ? undefined : { id, owner: textAt(3) },
    provider: textAt(4),
    endpoint: textAt(5),
    method: textAt(6),
    maskedKey: textAt(7),
    clientIp: textAt(8),
    userAgent: optional(textAt(9)),
    tags: optional(textAt(10)),
    requestId: optional(textAt(1)),
    outcome,
    status: ending.status,
    wallEndedAt: ending.wallEndedAt,
    startedAt: ending.startedAt,
    requestSentAt: ending.requestSentAt,
    firstByteAt: ending.firstByteAt,
    endedAt: ending.endedAt,
    requestBytes: ending.requestBytes,
    responseBytes: ending.responseBytes,
    sessionId: ending.sessionId,
    closeCode: undefined,
  };
}

export function queryOf(textAt: TextAt): string {
  return textAt(11);
}

export function hasExclusiveReasoning(textAt: TextAt): boolean {
  return textAt(12) !== "";
}

function optional(text: string): string | undefined {
  return text === ABSENT ? undefined : text;
}

/** In JSON a backslash, and in a path a percent sign, can hide a key. */
export function mayHoldKey(text: string, keys: readonly ApiKey[]): boolean {
  if (keys.length === 0) return false;
  if (text.includes("\\") || text.includes("%")) return true;
  for (const key of keys) if (text.includes(key.reveal())) return true;
  return false;
}

/** The path after the provider's name. */
export function pathOf({ endpoint, provider }: FinishedRequest): string {
  return endpoint.slice(1 + provider.length);
}
