import type { Outcome } from "../core/outcome.ts";
import type { Ending } from "../usage/observer.ts";
import type { Field } from "../wire/field.ts";
import type { Afterlife } from "./afterlife.ts";
import type { CallOnClient } from "./client-side.ts";
import type { Admitted } from "./gate.ts";
import { SideGlance } from "./observe.ts";
import { observedRequest } from "./observed-facts.ts";
import { recordOf } from "./passage.ts";
import type { Plane } from "./plane.ts";

const NO_FIELDS: readonly Field[] = [];

export interface Traffic {
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly upgraded: boolean;
}

/** What is noted of a call on its way, until it leaves its one record. */
export class Settlement {
  readonly glance: SideGlance;
  /** As sent to the client; `undefined` while nothing was. */
  status: number | undefined;
  responseFields: readonly Field[] = NO_FIELDS;
  requestSentAt: number | undefined;
  firstByteAt: number | undefined;
  readonly #plane: Plane;
  readonly #call: Admitted;
  readonly #clientIp: string;
  readonly #id: string;
  readonly #startedAt: number;
  readonly #upgrading: boolean;

  constructor(plane: Plane, call: Admitted, clientIp: string, upgrading: boolean) {
    this.#plane = plane;
    this.#call = call;
    this.#clientIp = clientIp;
    this.#upgrading = upgrading;
    this.#startedAt = plane.clock();
    this.#id = plane.ids.next();
    this.glance = new SideGlance(observedRequest(call, upgrading), plane.clock);
    plane.gate.began(call.route.provider.name);
  }

  requestSent(): void {
    this.requestSentAt = this.#plane.clock();
  }

  byteReceived(): void {
    this.firstByteAt ??= this.#plane.clock();
  }

  /** What stands in for a client that left, if the rest of the answer is to be read for its usage. */
  afterlife(call: CallOnClient): Afterlife | undefined {
    const asked = this.#call.route.provider.onClientAbort === "drain" && !this.#upgrading;
    return asked && this.glance.countable ? this.#plane.afterlives.open(call) : undefined;
  }

  /** Called once, when the call is over. */
  settle(outcome: Outcome, ending: Ending, traffic: Traffic): void {
    const endedAt = this.#plane.clock();
    const wallNow = this.#plane.wallClock();
    this.glance.finish(ending, (reading) => {
      const passage = {
        ...traffic,
        id: this.#id,
        call: this.#call,
        clientIp: this.#clientIp,
        outcome,
        status: this.status,
        responseFields: this.responseFields,
        startedAt: this.#startedAt,
        requestSentAt: this.requestSentAt,
        firstByteAt: this.firstByteAt,
        endedAt,
        reading,
      };
      this.#plane.gate.record(recordOf(passage, wallNow));
    });
  }
}
