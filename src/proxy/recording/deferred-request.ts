import type { ApiKey } from "../../core/request/client.ts";
import { type DeferredRecord, NUMBERS, SEPARATOR, TEXTS } from "../../core/request/deferred-record.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import { type BodyExtracts, readExtracts } from "../../usage/observe/read-extracts.ts";
import { unreadable } from "../../usage/observe/unreadable.ts";
import { type FinishedRequest, type RecordCaches, toRequestRecord } from "./finished-request.ts";
import {
  hasExclusiveReasoning,
  headTexts,
  mayHoldKey,
  pathOf,
  queryOf,
  REQUEST_TEXTS,
  requestOf,
  requestTexts,
} from "./request-texts.ts";

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
  try {
    return readExtracts(
      { method: finished.method, path: pathOf(finished), query, exclusiveReasoning },
      upstreamStatus,
      extracts,
    );
  } catch {
    return unreadable("none", "unknown");
  }
}

/**
 * Returns `undefined` if the record must be made here, because a text may hold one of the request's keys. `head` has the
 * texts of this request.
 */
export function deferred(
  request: ReadLater,
  keys: readonly ApiKey[],
  head = headTexts({ ...request.finished, ...request }, keys),
): DeferredRecord | undefined {
  const { finished, extracts } = request;
  if (head.mayHoldKey || isHiding(request, keys) || !isSeparable(extracts)) return undefined;
  const text = `${requestTexts(finished, head)}${SEPARATOR}${extracts.request}${SEPARATOR}${extracts.response}`;
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

function isHiding({ finished, extracts }: ReadLater, keys: readonly ApiKey[]): boolean {
  return (
    mayHoldKey(extracts.response, keys) ||
    mayHoldKey(extracts.request, keys) ||
    mayHoldKey(finished.requestId ?? "", keys)
  );
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
  const numberAt = (index: number): number => numbers[firstNumber + index] ?? NaN;
  const timeAt = (index: number): number | undefined => (Number.isNaN(numberAt(index)) ? undefined : numberAt(index));
  const finished = requestOf(textAt, COMPLETE, {
    status: timeAt(0),
    wallEndedAt: numberAt(2),
    startedAt: numberAt(3),
    requestSentAt: timeAt(4),
    firstByteAt: timeAt(5),
    endedAt: numberAt(6),
    requestBytes: numberAt(7),
    responseBytes: numberAt(8),
    sessionId: undefined,
  });
  const later: ReadLater = {
    finished,
    upstreamStatus: numberAt(1),
    query: queryOf(textAt),
    exclusiveReasoning: hasExclusiveReasoning(textAt),
    extracts: { request: textAt(REQUEST_TEXTS), response: textAt(REQUEST_TEXTS + 1) },
  };
  return toRequestRecord(finished, readLater(later), NO_KEYS, caches);
}

const COMPLETE = { kind: "complete" } as const;
const NO_KEYS: readonly ApiKey[] = [];
