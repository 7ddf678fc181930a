import type { Outcome } from "../../core/request/outcome.ts";
import type { ApiKey } from "../../core/request/client.ts";
import type { FinishedRequest } from "./finished-request.ts";

/** The texts of a request for its record, as one text for another thread. */
export type TextAt = (index: number) => string;

/** How many texts `requestTexts` returns. */
export const REQUEST_TEXTS = 11;
/** Stands for a text that is absent. */
const ABSENT = "\u0001";

export function requestTexts(request: FinishedRequest): string[] {
  return [
    request.id,
    request.client?.id ?? ABSENT,
    request.client?.owner ?? ABSENT,
    request.provider,
    request.endpoint,
    request.method,
    request.maskedKey,
    request.clientIp,
    request.userAgent ?? ABSENT,
    request.tags ?? ABSENT,
    request.requestId ?? ABSENT,
  ];
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
  const id = optional(textAt(1));
  return {
    id: textAt(0),
    client: id === undefined ? undefined : { id, owner: textAt(2) },
    provider: textAt(3),
    endpoint: textAt(4),
    method: textAt(5),
    maskedKey: textAt(6),
    clientIp: textAt(7),
    userAgent: optional(textAt(8)),
    tags: optional(textAt(9)),
    requestId: optional(textAt(10)),
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
