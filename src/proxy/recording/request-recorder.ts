import type { InFlightRequest } from "../../core/request/in-flight.ts";
import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import type { Ending } from "../../usage/observe/observer.ts";
import type { TurnReading } from "../../usage/websocket/session-turns.ts";
import type { Field } from "../../wire/field.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { DiscardingClient } from "../downstream/discarding-client.ts";
import type { RunningRequest } from "./running-requests.ts";
import type { RequestOnClient } from "../downstream/client-side.ts";
import type { Admitted } from "../admission/admit.ts";
import { GuardedObserver } from "./guarded-observer.ts";
import { observedRequest } from "./observed-facts.ts";
import { type FinishedRequest, toRequestRecord } from "./finished-request.ts";
import type { DataPlane } from "../data-plane.ts";
import { WebSocketObserver } from "./websocket-observer.ts";

const NO_FIELDS: readonly Field[] = [];

export interface Traffic {
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly upgraded: boolean;
}

/** What is noted of a call on its way, until it leaves its one record; a WebSocket leaves others before that. */
export class RequestRecorder implements RunningRequest {
  older: RunningRequest | undefined;
  younger: RunningRequest | undefined;
  announced = false;
  readonly id: string;
  readonly startedAt: number;
  readonly glance: GuardedObserver;
  /** As sent to the client; `undefined` while nothing was. */
  status: number | undefined;
  responseFields: readonly Field[] = NO_FIELDS;
  requestSentAt: number | undefined;
  firstByteAt: number | undefined;
  readonly #plane: DataPlane;
  readonly #call: Admitted;
  readonly #clientIp: string;
  readonly #upgrading: boolean;
  #session: WebSocketObserver | undefined;

  constructor(plane: DataPlane, call: Admitted, clientIp: string, upgrading: boolean) {
    this.#plane = plane;
    this.#call = call;
    this.#clientIp = clientIp;
    this.#upgrading = upgrading;
    this.startedAt = plane.clock();
    this.id = plane.ids.next();
    this.glance = new GuardedObserver(
      observedRequest(call, upgrading, plane.gate.accounting),
      plane.clock,
      plane.decoders,
    );
    plane.gate.began(call.route.provider.name);
    plane.inFlight.begin(this);
  }

  requestSent(): void {
    this.requestSentAt = this.#plane.clock();
    this.glance.requestSent();
  }

  byteReceived(): void {
    this.firstByteAt ??= this.#plane.clock();
  }

  /** What stands in for a client that left, if the rest of the answer is to be read for its usage. */
  afterlife(call: RequestOnClient): DiscardingClient | undefined {
    const asked = this.#call.route.provider.onClientAbort === "drain" && !this.#upgrading;
    return asked && this.glance.countable ? this.#plane.afterlives.open(call) : undefined;
  }

  /** Follows what passes behind a 101, if that is a WebSocket. */
  openSession(head: ResponseHead): WebSocketObserver | undefined {
    if (head.upgrade?.toLowerCase() !== "websocket") return undefined;
    const request = observedRequest(this.#call, true, this.#plane.gate.accounting);
    this.#session = new WebSocketObserver(request, head, this.#plane.clock, (turn, outcome) =>
      this.#turn(turn, outcome),
    );
    return this.#session;
  }

  /** What stands for the record of a call whose end nobody sees. */
  sketch(): InFlightRequest {
    const passage: FinishedRequest = {
      ...this.#about({ kind: "interrupted" }, this.glance.sketch()),
      id: this.id,
      startedAt: this.startedAt,
      requestSentAt: this.requestSentAt,
      firstByteAt: this.firstByteAt,
      requestBytes: undefined,
      responseBytes: undefined,
      closeCode: undefined,
    };
    const wallNow = this.#plane.wallClock();
    const startedAt = wallNow - (passage.endedAt - passage.startedAt);
    // Both will be known to whoever finds that the call has ended.
    const record = {
      ...toRequestRecord(passage, wallNow, this.#plane.records),
      timestamp: undefined,
      duration_ms: undefined,
    };
    return { id: this.id, startedAt, record: JSON.stringify(record) };
  }

  /** Called once, when the call is over. `written` is called when its record is safe from the end of this process. */
  settle(outcome: Outcome, ending: Ending, traffic: Traffic, written?: () => void): void {
    const session = this.#session?.finish(outcome);
    this.glance.finish(ending, (seen) => {
      const reading = session?.reading ?? (traffic.upgraded ? tunnelReading(seen) : seen);
      const passage: FinishedRequest = {
        ...this.#about(session?.outcome ?? outcome, reading),
        id: this.id,
        startedAt: this.startedAt,
        requestSentAt: this.requestSentAt,
        firstByteAt: this.firstByteAt,
        requestBytes: traffic.requestBytes,
        responseBytes: traffic.responseBytes,
        closeCode: session?.closeCode,
      };
      this.#record(passage, this.announced, written);
    });
    this.#plane.inFlight.end(this);
    this.#plane.gate.ended(this.#call.route.provider.name, this.responseFields);
  }

  /** A response or turn of the session. */
  #turn(turn: TurnReading, outcome: Outcome): void {
    const passage: FinishedRequest = {
      ...this.#about(outcome, turn.reading),
      id: this.#plane.ids.next(),
      startedAt: turn.startedAt,
      requestSentAt: turn.startedAt,
      firstByteAt: undefined,
      requestBytes: undefined,
      responseBytes: undefined,
      closeCode: undefined,
    };
    this.#record(passage, false);
  }

  #about(outcome: Outcome, reading: UsageReading): About {
    return {
      call: this.#call,
      clientIp: this.#clientIp,
      outcome,
      status: this.status,
      responseFields: this.responseFields,
      endedAt: this.#plane.clock(),
      reading,
      sessionId: this.#session === undefined ? undefined : this.id,
    };
  }

  /** The one place where records are written. */
  #record(passage: FinishedRequest, announced: boolean, written?: () => void): void {
    this.#plane.gate.record(toRequestRecord(passage, this.#plane.wallClock(), this.#plane.records), announced, written);
  }
}

type About = Pick<
  FinishedRequest,
  "call" | "clientIp" | "outcome" | "status" | "responseFields" | "endedAt" | "reading" | "sessionId"
>;

/** Another protocol took over, of which nobody knows what it used. */
function tunnelReading(reading: UsageReading): UsageReading {
  return { ...reading, operation: "session", state: "not_applicable", reason: undefined };
}
