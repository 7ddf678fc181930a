import type { InFlightRequest, InFlightChange } from "../../core/request/in-flight.ts";

/** A request in the list of running ones. Only the lists write the fields that are not readonly. */
export interface RunningRequest {
  older: RunningRequest | undefined;
  younger: RunningRequest | undefined;
  /** The ledger has been told about it. */
  announced: boolean;
  readonly id: string;
  /** On the worker's monotonic clock. */
  readonly startedAt: number;
  snapshot(): InFlightRequest;
}

/**
 * Keeps the running requests of one data worker by age, so that it can announce the long ones to the ledger, which
 * records them if the worker crashes. A short request costs only a few assignments: the lists are linked through the
 * requests themselves and allocate nothing.
 */
export class RunningRequests {
  readonly #unannounced = new LinkedRequests();
  readonly #announced = new LinkedRequests();
  #gone: string[] = [];

  get isEmpty(): boolean {
    return this.#unannounced.oldest === undefined && this.#announced.oldest === undefined;
  }

  begin(request: RunningRequest): void {
    this.#unannounced.add(request);
  }

  /** Call this after the request's record has been sent to the ledger worker. */
  end(request: RunningRequest): void {
    if (request.announced) {
      this.#announced.remove(request);
      this.#gone.push(request.id);
    } else this.#unannounced.remove(request);
  }

  /** Requests older than `startedBefore` not announced yet, and announced ones that ended; `undefined` if none. */
  takeChanges(startedBefore: number): InFlightChange | undefined {
    const gone = this.#gone;
    let { oldest } = this.#unannounced;
    if (gone.length === 0 && (oldest === undefined || oldest.startedAt > startedBefore)) return undefined;
    const alive: InFlightRequest[] = [];
    while (oldest !== undefined && oldest.startedAt <= startedBefore) {
      this.#unannounced.remove(oldest);
      this.#announced.add(oldest);
      oldest.announced = true;
      alive.push(oldest.snapshot());
      ({ oldest } = this.#unannounced);
    }
    this.#gone = [];
    return { alive, gone };
  }

  /** Every announced request, running or ended since, for a new ledger worker that knows none of them. */
  reannounce(): InFlightChange {
    const gone = this.#gone;
    this.#gone = [];
    const alive: InFlightRequest[] = [];
    for (let request = this.#announced.oldest; request !== undefined; request = request.younger) {
      alive.push(request.snapshot());
    }
    return { alive, gone };
  }
}

class LinkedRequests {
  oldest: RunningRequest | undefined;
  #youngest: RunningRequest | undefined;

  add(request: RunningRequest): void {
    const youngest = this.#youngest;
    request.older = youngest;
    if (youngest === undefined) this.oldest = request;
    else youngest.younger = request;
    this.#youngest = request;
  }

  remove(request: RunningRequest): void {
    const { older, younger } = request;
    if (older === undefined) this.oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#youngest = older;
    else younger.older = older;
    request.older = undefined;
    request.younger = undefined;
  }
}
