/** Creates the record of a step without sockets: an observer gets the bytes in the pieces that a test chooses. */
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { Outcome } from "../../src/core/request/outcome.ts";
import type { Provider } from "../../src/core/provider.ts";
import type { UsageReading } from "../../src/core/usage/usage.ts";
import type { AdmittedRequest } from "../../src/proxy/admission/admit.ts";
import { observedRequest, observedResponse } from "../../src/proxy/recording/observed-heads.ts";
import { toRequestRecord } from "../../src/proxy/recording/finished-request.ts";
import { clientFields, requestId } from "../../src/proxy/recording/recorded-fields.ts";
import { findRoute } from "../../src/proxy/admission/route.ts";
import { findProvider } from "../../src/providers/index.ts";
import { readExtracts } from "../../src/usage/observe/read-extracts.ts";
import { RequestObserver } from "../../src/usage/observe/observer.ts";
import { RequestHeadReader } from "../../src/wire/request-head.ts";
import { type ResponseHead, ResponseHeadReader } from "../../src/wire/response-head.ts";
import type { End, Field, Request, Response, Step } from "./exchange.ts";

export interface Delivery {
  readonly pieces: Iterable<Buffer>;
  readonly contentEncoding?: string | undefined;
  readonly end?: End | undefined;
  /** Count text for estimates, as a gateway does by default. */
  readonly estimate?: boolean;
}

export function observe(step: Step, delivery: Delivery): RequestRecord {
  const end = delivery.end ?? step.response.end;
  return recordOfReading(step, readingOf(step, delivery), end);
}

export function readingOf(step: Step, delivery: Delivery): UsageReading {
  const observer = observerOf(step, delivery);
  for (const piece of delivery.pieces) observer.responseBytes(piece);
  return observer.finish(OUTCOMES[delivery.end ?? step.response.end]);
}

/** The same reading by way of the extracts of both bodies; `undefined` if this exchange is not read in that way. */
export function readingOfExtracts(step: Step, delivery: Delivery): UsageReading | undefined {
  const { request, response } = step;
  const observer = observerOf(step, delivery);
  for (const piece of delivery.pieces) observer.responseBytes(piece);
  const extracts = observer.takeExtracts(OUTCOMES[delivery.end ?? response.end]);
  if (extracts === undefined) return undefined;
  const { route } = admittedRequest(request);
  const { exclusiveReasoning } = route.provider;
  const read = { method: request.method, path: route.path, query: route.query, exclusiveReasoning };
  return readExtracts(read, response.status, extracts);
}

/** An observer that has read everything except the response body. */
function observerOf({ request, response }: Step, delivery: Omit<Delivery, "pieces">): RequestObserver {
  const accounting = { ...ACCOUNTING, estimate: delivery.estimate === true ? "heuristic" : "off" } as const;
  const observer = new RequestObserver(observedRequest(admittedRequest(request), false, accounting), () => 1);
  if (request.body.length > 0) observer.requestBytes(request.body);
  observer.requestSent();
  const head = responseHeadOf(request.method, response, delivery.contentEncoding);
  observer.responseHead(observedResponse(head));
  return observer;
}

export function recordOfReading({ request, response }: Step, reading: UsageReading, end: End): RequestRecord {
  const { head, route, maskedKey } = admittedRequest(request);
  const finished = {
    id: ID,
    client: undefined,
    provider: route.provider.name,
    endpoint: route.endpoint,
    method: head.method,
    maskedKey,
    clientIp: "127.0.0.1",
    ...clientFields(head.fields),
    requestId: requestId(responseHeadOf(request.method, response).fields),
    outcome: OUTCOMES[end],
    status: response.status,
    wallEndedAt: NOW,
    startedAt: 0,
    requestSentAt: 0,
    firstByteAt: 1,
    endedAt: 1,
    requestBytes: request.body.length,
    responseBytes: response.body.length,
    sessionId: undefined,
    closeCode: undefined,
  };
  // The ledger omits unknown fields.
  return JSON.parse(JSON.stringify(toRequestRecord(finished, reading, []))) as RequestRecord; // Reason for the cast: a record is plain data.
}

const ID = "019aafc1-2f00-7abc-8def-0123456789ab";
const NOW = Date.UTC(2026, 10, 23);
const LIMITS = { maxBytes: 64 * 1024, maxFields: 100 };
const ACCOUNTING = { drainBytes: 0, drainMs: 0, drainConcurrent: 0 };

const OUTCOMES: Readonly<Record<End, Outcome>> = {
  complete: { kind: "complete" },
  cut: { kind: "upstream", fault: "upstream_reset" },
  aborted: { kind: "client-aborted" },
};

export function admittedRequest({ method, target, fields }: Request): AdmittedRequest {
  const head = new RequestHeadReader(LIMITS).push(
    headBytes(`${method} ${target} HTTP/1.1`, [["host", "h"], ...fields]),
  );
  if (head === undefined || !("method" in head)) throw new Error(`not a request: ${method} ${target}`);
  const provider = providerOf(target);
  const route = findRoute(target, new Map([[provider.name, provider]]));
  if (route === undefined) throw new Error(`no route: ${target}`);
  return { kind: "admitted", head, route, client: undefined, keys: [], maskedKey: "" };
}

export function responseHeadOf(method: string, { status, fields }: Response, contentEncoding?: string): ResponseHead {
  const coding: readonly Field[] = contentEncoding === undefined ? [] : [["content-encoding", contentEncoding]];
  const head = new ResponseHeadReader(LIMITS).push(headBytes(`HTTP/1.1 ${status} X`, [...fields, ...coding]), method);
  if (head === undefined || !("status" in head)) throw new Error(`not a response: ${status}`);
  return head;
}

function headBytes(line: string, fields: readonly Field[]): Buffer {
  return Buffer.from(`${line}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
}

function providerOf(target: string): Provider {
  const name = target.split("/", 2)[1] ?? "";
  const upstream = { secure: true, host: "h", port: 443, pathPrefix: "", authority: "h" };
  const exclusiveReasoning = findProvider(name)?.exclusiveReasoning ?? false;
  return { name, upstream, exclusiveReasoning, onClientAbort: "cancel" };
}
