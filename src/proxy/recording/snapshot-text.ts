import type { ApiKey } from "../../core/request/client.ts";
import { SEPARATOR } from "../../core/request/deferred-record.ts";
import { readUnfinished, type UnfinishedExchange } from "../../usage/observe/read-unfinished.ts";
import { type FinishedRequest, type RecordCaches, toRequestRecord } from "./finished-request.ts";
import { mayHoldKey, REQUEST_TEXTS, requestOf, requestTexts, pathOf } from "./request-texts.ts";

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
export function snapshotText(snapshot: Snapshot, keys: readonly ApiKey[]): string {
  const { request, exchange } = snapshot;
  const { startedAt, requestSentAt, firstByteAt, status } = request;
  const texts = requestTexts(request);
  texts.push(
    snapshot.query,
    exchange.request,
    flags(snapshot),
    status === undefined ? "" : String(status),
    requestSentAt === undefined ? "" : String(requestSentAt - startedAt),
    firstByteAt === undefined ? "" : String(firstByteAt - startedAt),
  );
  const text = texts.join(SEPARATOR);
  if (!mayHoldKey(text, keys) && !exchange.request.includes(SEPARATOR)) return text;
  return recordText(snapshot, keys);
}

/** The JSON text of the record, without the time and the duration that depend on the request's end. */
export function snapshotRecord(text: string, caches?: RecordCaches): string {
  // The text is the record itself.
  if (text.startsWith("{")) return text;
  const texts = text.split(SEPARATOR);
  const textAt = (index: number): string => texts[index] ?? "";
  const moreAt = (index: number): string => textAt(REQUEST_TEXTS + index);
  const numberAt = (index: number): number | undefined => (moreAt(index) === "" ? undefined : Number(moreAt(index)));
  const has = (flag: string): boolean => moreAt(2).includes(flag);
  const request = requestOf(textAt, INTERRUPTED, {
    status: numberAt(3),
    wallEndedAt: 0,
    startedAt: 0,
    requestSentAt: numberAt(4),
    firstByteAt: numberAt(5),
    endedAt: 0,
    requestBytes: undefined,
    responseBytes: undefined,
    sessionId: has("w") ? textAt(0) : undefined,
  });
  const exchange = {
    request: moreAt(1),
    upgrade: has("u"),
    sawStream: has("s"),
    hasResponse: has("r"),
    failed: has("f"),
  };
  return recordText({ request, query: moreAt(0), exclusiveReasoning: has("e"), exchange }, NO_KEYS, caches);
}

function flags({ request, exclusiveReasoning, exchange }: Snapshot): string {
  const { upgrade, sawStream, hasResponse, failed } = exchange;
  const session = request.sessionId === undefined ? "" : "w";
  return `${upgrade ? "u" : ""}${sawStream ? "s" : ""}${hasResponse ? "r" : ""}${failed ? "f" : ""}${exclusiveReasoning ? "e" : ""}${session}`;
}

function recordText(snapshot: Snapshot, keys: readonly ApiKey[], caches?: RecordCaches): string {
  const { request, query, exclusiveReasoning, exchange } = snapshot;
  const read = { method: request.method, path: pathOf(request), query, exclusiveReasoning };
  const record = toRequestRecord(request, readUnfinished(read, exchange), keys, caches);
  return JSON.stringify({ ...record, timestamp: undefined, duration_ms: undefined });
}

const INTERRUPTED = { kind: "interrupted" } as const;
const NO_KEYS: readonly ApiKey[] = [];
