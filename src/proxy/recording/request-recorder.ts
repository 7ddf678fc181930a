import type { InFlightRequest } from "../../core/request/in-flight.ts";
import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import type { DecoderPool } from "../../usage/decode/decoder-pool.ts";
import type { TurnReading } from "../../usage/websocket/session-turns.ts";
import type { Field } from "../../wire/field.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { AdmittedRequest } from "../admission/admit.ts";
import type { ProxyContext } from "../admission/proxy-context.ts";
import { type FinishedRequest, type RecordCaches, toRequestRecord } from "./finished-request.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import { requestId } from "./recorded-fields.ts";
import { deferred, readLater, type ReadLater } from "./deferred-request.ts";
import { GuardedObserver } from "./guarded-observer.ts";
import type { RecordIds } from "./record-ids.ts";
import type { RunningRequest, RunningRequests } from "./running-requests.ts";
import { snapshotText } from "./snapshot-text.ts";
import { WebSocketObserver } from "./websocket-observer.ts";

const INTERRUPTED: Outcome = { kind: "interrupted" };
const NO_FIELDS: readonly Field[] = [];

/** What the recorders of a data worker share. */
export interface RecordingContext {
  readonly context: ProxyContext;
  readonly ids: RecordIds;
  readonly decoders: DecoderPool;
  readonly recordCaches: RecordCaches;
  readonly running: RunningRequests;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
}

export interface Traffic {
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly upgraded: boolean;
}

/** Collects what is known of a request and writes its one record. A WebSocket session writes others before that one. */
export class RequestRecorder implements RunningRequest {
  older: RunningRequest | undefined;
  younger: RunningRequest | undefined;
  announced = false;
  readonly id: string;
  readonly startedAt: number;
  readonly observer: GuardedObserver;
  /** As sent to the client; `undefined` until then. */
  status: number | undefined;
  /** As the provider sent it; 0 until then. */
  upstreamStatus = 0;
  responseFields: readonly Field[] = NO_FIELDS;
  requestSentAt: number | undefined;
  firstByteAt: number | undefined;
  readonly #shared: RecordingContext;
  readonly #recorded: RecordedRequest;
  readonly #request: AdmittedRequest;
  #session: WebSocketObserver | undefined;

  constructor(shared: RecordingContext, recorded: RecordedRequest) {
    this.#shared = shared;
    this.#recorded = recorded;
    this.#request = recorded.admitted;
    this.startedAt = shared.clock();
    this.id = shared.ids.next();
    this.observer = new GuardedObserver(recorded.observed, shared.clock, shared.decoders);
    shared.context.requestStarted(this.#request.route.provider.name);
    shared.running.begin(this);
  }

  requestSent(): void {
    this.requestSentAt = this.#shared.clock();
    this.observer.requestSent();
  }

  byteReceived(): void {
    this.firstByteAt ??= this.#shared.clock();
  }

  /** True if the rest of the response is worth reading after the client has left, because it reports usage. */
  get wantsDrain(): boolean {
    const { upgrading } = this.#recorded;
    return this.#request.route.provider.onClientAbort === "drain" && !upgrading && this.observer.expectsUsage;
  }

  /** Observes what passes after a 101, if that is a WebSocket. */
  openSession(head: ResponseHead): WebSocketObserver | undefined {
    if (head.upgrade?.toLowerCase() !== "websocket") return undefined;
    this.#session = new WebSocketObserver(this.#recorded.observed, head, this.#shared.clock, (turn, outcome) =>
      this.#recordTurn(turn, outcome),
    );
    return this.#session;
  }

  /** For the record that the ledger writes if this process ends before the request does. */
  snapshot(): InFlightRequest {
    const request = this.#summarize(INTERRUPTED, undefined, undefined);
    const { route, keys } = this.#request;
    const { exclusiveReasoning } = route.provider;
    const snapshot = { request, query: route.query, exclusiveReasoning, exchange: this.observer.unfinished() };
    return {
      id: this.id,
      startedAt: request.wallEndedAt - (request.endedAt - request.startedAt),
      snapshot: snapshotText(snapshot, keys, this.#recorded.texts),
    };
  }

  /** Called once, when the request is over. `written` is called when its record would survive the end of this process. */
  finish(outcome: Outcome, traffic: Traffic, written?: () => void): void {
    if (traffic.upgraded || !this.#recordLater(outcome, traffic, written)) {
      const session = this.#session?.finish(outcome);
      const observed = this.observer.finish(outcome);
      const reading = session?.reading ?? (traffic.upgraded ? tunnelReading(observed) : observed);
      const finished = this.#summarize(session?.outcome ?? outcome, traffic, undefined);
      this.#record(finished, reading, this.announced, written);
    }
    this.#shared.running.end(this);
    this.#shared.context.requestEnded(this.#request.route.provider.name, this.responseFields);
  }

  /** Leaves reading and recording to the ledger worker, which does it for many requests at once. */
  #recordLater(outcome: Outcome, traffic: Traffic, written?: () => void): boolean {
    const extracts = this.observer.takeExtracts(outcome);
    if (extracts === undefined) return false;
    const { keys, route } = this.#request;
    const finished = this.#summarize(outcome, traffic, undefined);
    const later: ReadLater = {
      finished,
      upstreamStatus: this.upstreamStatus,
      query: route.query,
      exclusiveReasoning: route.provider.exclusiveReasoning,
      extracts,
    };
    const request = deferred(later, keys, this.#recorded.texts);
    if (request !== undefined) this.#shared.context.recordLater(request, this.announced, written);
    else this.#record(finished, readLater(later), this.announced, written);
    return true;
  }

  /** Writes the record of one response or turn of the WebSocket session. */
  #recordTurn(turn: TurnReading, outcome: Outcome): void {
    this.#record(this.#summarize(outcome, undefined, turn), turn.reading, false);
  }

  /** Without `traffic` the request is still running; with `turn` the summary is about that turn of its session. */
  #summarize(outcome: Outcome, traffic: Traffic | undefined, turn: TurnReading | undefined): FinishedRequest {
    const { client, route, head, maskedKey } = this.#request;
    const { clientIp, fields } = this.#recorded;
    const { userAgent, tags } = fields;
    return {
      id: turn === undefined ? this.id : this.#shared.ids.next(),
      client,
      provider: route.provider.name,
      endpoint: route.endpoint,
      method: head.method,
      maskedKey,
      clientIp,
      userAgent,
      tags,
      requestId: requestId(this.responseFields),
      outcome,
      status: this.status,
      wallEndedAt: this.#shared.wallClock(),
      startedAt: turn === undefined ? this.startedAt : turn.startedAt,
      requestSentAt: turn === undefined ? this.requestSentAt : turn.startedAt,
      firstByteAt: turn === undefined ? this.firstByteAt : undefined,
      endedAt: this.#shared.clock(),
      requestBytes: traffic?.requestBytes,
      responseBytes: traffic?.responseBytes,
      sessionId: this.#session === undefined ? undefined : this.id,
      closeCode: traffic === undefined ? undefined : this.#session?.closeCode,
    };
  }

  /** The one place where records are made in this thread. */
  #record(finished: FinishedRequest, reading: UsageReading, announced: boolean, written?: () => void): void {
    const record = toRequestRecord(finished, reading, this.#request.keys, this.#shared.recordCaches);
    this.#shared.context.record(record, announced, written);
  }
}

/** LMGate cannot read the usage of a protocol that it does not know. */
function tunnelReading(reading: UsageReading): UsageReading {
  return { ...reading, operation: "session", state: "not_applicable", reason: undefined };
}
