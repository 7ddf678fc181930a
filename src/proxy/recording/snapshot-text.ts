import type { ApiKey } from "../../core/request/client.ts";
import { SEPARATOR } from "../../core/request/deferred-record.ts";
import { readUnfinished, type UnfinishedExchange } from "../../usage/observe/read-unfinished.ts";
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

/** A running request, and what its usage can be read from. */
export interface Snapshot {
  /** Its end is the moment of the snapshot. */
  readonly request: FinishedRequest;
  readonly query: string;
  readonly exclusiveReasoning: boolean;
  readonly exchange: UnfinishedExchange;
}

/**
 * One text from which `snapshotRecord` makes the record of a request whose end is never seen. Most requests end, so
 * nothing is made before. It holds no key: where a text may hold one, it is the record itself.
 */
export function snapshotText(
  snapshot: Snapshot,
  keys: readonly ApiKey[],
  head = headTexts({ ...snapshot.request, ...snapshot }, keys),
): string {
  const { request, exchange } = snapshot;
  const { startedAt, requestSentAt, firstByteAt, status, requestId = "" } = request;
  const isHiding = head.mayHoldKey || mayHoldKey(exchange.request, keys) || mayHoldKey(requestId, keys);
  if (isHiding || exchange.request.includes(SEPARATOR)) return recordText(snapshot, keys);
  const sent = requestSentAt === undefined ? "" : String(requestSentAt - startedAt);
  const firstByte = firstByteAt === undefined ? "" : String(firstByteAt - startedAt);
  const more = [exchange.request, flags(snapshot), status === undefined ? "" : String(status), sent, firstByte];
  return `${requestTexts(request, head)}${SEPARATOR}${more.join(SEPARATOR)}`;
}

/** The JSON text of the record, without the time and the duration that depend on the request's end. */
export function snapshotRecord(text: string, caches?: RecordCaches): string {
  // The text is the record itself.
  if (text.startsWith("{")) return text;
  const texts = text.split(SEPARATOR);
  const textAt = (index: number): string => texts[index] ?? "";
  const moreAt = (index: number): string => textAt(REQUEST_TEXTS + index);
  const numberAt = (index: number): number | undefined => (moreAt(index) === "" ? undefined : Number(moreAt(index)));
  const has = (flag: string): boolean => moreAt(1).includes(flag);
  const request = requestOf(textAt, INTERRUPTED, {
    status: numberAt(2),
    wallEndedAt: 0,
    startedAt: 0,
    requestSentAt: numberAt(3),
    firstByteAt: numberAt(4),
    endedAt: 0,
    requestBytes: undefined,
    responseBytes: undefined,
    sessionId: has("w") ? textAt(0) : undefined,
  });
  const exchange = {
    request: moreAt(0),
    upgrade: has("u"),
    sawStream: has("s"),
    hasResponse: has("r"),
    failed: has("f"),
  };
  const query = queryOf(textAt);
  return recordText({ request, query, exclusiveReasoning: hasExclusiveReasoning(textAt), exchange }, NO_KEYS, caches);
}

function flags({ request, exchange }: Snapshot): string {
  const { upgrade, sawStream, hasResponse, failed } = exchange;
  const session = request.sessionId === undefined ? "" : "w";
  return `${upgrade ? "u" : ""}${sawStream ? "s" : ""}${hasResponse ? "r" : ""}${failed ? "f" : ""}${session}`;
}

function recordText(snapshot: Snapshot, keys: readonly ApiKey[], caches?: RecordCaches): string {
  const { request, query, exclusiveReasoning, exchange } = snapshot;
  const read = { method: request.method, path: pathOf(request), query, exclusiveReasoning };
  const record = toRequestRecord(request, readUnfinished(read, exchange), keys, caches);
  return JSON.stringify({ ...record, timestamp: undefined, duration_ms: undefined });
}

const INTERRUPTED = { kind: "interrupted" } as const;
const NO_KEYS: readonly ApiKey[] = [];
