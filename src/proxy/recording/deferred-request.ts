import type { ApiKey } from "../../core/request/client.ts";
import { type DeferredRecord, NUMBERS, SEPARATOR, TEXTS } from "../../core/request/deferred-record.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import { type BodyExtracts, readExtracts } from "../../usage/observe/read-extracts.ts";
import { unreadable } from "../../usage/observe/unreadable.ts";
import { type FinishedRequest, type RecordCaches, toRequestRecord } from "./finished-request.ts";

/** Stands for a text that is absent. */
const ABSENT = "\u0001";

/** A complete request and what its usage can be read from later. */
export interface ReadLater {
  readonly finished: FinishedRequest;
  /** The status of the provider's response. */
  readonly upstreamStatus: number;
  readonly query: string;
  readonly exclusiveReasoning: boolean;
  readonly extracts: BodyExtracts;
}

/** The usage of the request, read now. An error in reading must end no worker. */
export function readLater({ finished, upstreamStatus, query, exclusiveReasoning, extracts }: ReadLater): UsageReading {
  const path = finished.endpoint.slice(1 + finished.provider.length);
  try {
    return readExtracts({ method: finished.method, path, query, exclusiveReasoning }, upstreamStatus, extracts);
  } catch {
    return unreadable("none", "unknown");
  }
}

/** Returns `undefined` if the record must be made here, because a text may hold one of the request's keys. */
export function deferred(request: ReadLater, keys: readonly ApiKey[]): DeferredRecord | undefined {
  const { finished, extracts } = request;
  const text = [
    finished.id,
    finished.client?.id ?? ABSENT,
    finished.client?.owner ?? ABSENT,
    finished.provider,
    finished.endpoint,
    finished.method,
    finished.maskedKey,
    finished.clientIp,
    finished.userAgent ?? ABSENT,
    finished.tags ?? ABSENT,
    finished.requestId ?? ABSENT,
    request.query,
    request.exclusiveReasoning ? "1" : "",
    extracts.request,
    extracts.response,
  ].join(SEPARATOR);
  if (mayHoldKey(text, keys) || !isSeparable(extracts)) return undefined;
  const numbers = [
    finished.status ?? NaN,
    request.upstreamStatus,
    finished.wallEndedAt,
    finished.startedAt,
    finished.requestSentAt ?? NaN,
    finished.firstByteAt ?? NaN,
    finished.endedAt,
    finished.requestBytes ?? 0,
    finished.responseBytes ?? 0,
  ];
  return { numbers, text };
}

/** In JSON a backslash, and in a path a percent sign, can hide a key. */
function mayHoldKey(text: string, keys: readonly ApiKey[]): boolean {
  if (keys.length === 0) return false;
  if (text.includes("\\") || text.includes("%")) return true;
  for (const key of keys) if (text.includes(key.reveal())) return true;
  return false;
}

function isSeparable({ request, response }: BodyExtracts): boolean {
  return !response.includes(SEPARATOR) && !request.includes(SEPARATOR);
}

/**
 * Makes a record of a batch. `place`: how many deferred records precede it there. `numbers` has `NUMBERS` for each of
 * them, after a number of the batch itself, and `texts` has `TEXTS`.
 */
export function toDeferredRecord(
  numbers: Float64Array | readonly number[],
  texts: readonly string[],
  place: number,
  caches?: RecordCaches,
): RequestRecord {
  const firstNumber = place * (1 + NUMBERS) + 1;
  const firstText = place * TEXTS;
  const textAt = (index: number): string => texts[firstText + index] ?? "";
  const optionalAt = (index: number): string | undefined => (textAt(index) === ABSENT ? undefined : textAt(index));
  const numberAt = (index: number): number => numbers[firstNumber + index] ?? NaN;
  const timeAt = (index: number): number | undefined => (Number.isNaN(numberAt(index)) ? undefined : numberAt(index));
  const id = optionalAt(1);
  const finished: FinishedRequest = {
    id: textAt(0),
    client: id === undefined ? undefined : { id, owner: textAt(2) },
    provider: textAt(3),
    endpoint: textAt(4),
    method: textAt(5),
    maskedKey: textAt(6),
    clientIp: textAt(7),
    userAgent: optionalAt(8),
    tags: optionalAt(9),
    requestId: optionalAt(10),
    outcome: COMPLETE,
    status: timeAt(0),
    wallEndedAt: numberAt(2),
    startedAt: numberAt(3),
    requestSentAt: timeAt(4),
    firstByteAt: timeAt(5),
    endedAt: numberAt(6),
    requestBytes: numberAt(7),
    responseBytes: numberAt(8),
    sessionId: undefined,
    closeCode: undefined,
  };
  const later: ReadLater = {
    finished,
    upstreamStatus: numberAt(1),
    query: textAt(11),
    exclusiveReasoning: textAt(12) !== "",
    extracts: { request: textAt(13), response: textAt(14) },
  };
  return toRequestRecord(finished, readLater(later), NO_KEYS, caches);
}

const COMPLETE = { kind: "complete" } as const;
const NO_KEYS: readonly ApiKey[] = [];
