import type { InFlightRequest, InFlightChange } from "../../core/request/in-flight.ts";

/** A request in the list of running ones. Only the list writes the fields that are not readonly. */
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
 * records them if the worker crashes. A short request costs only a few assignments: the list is linked through the
 * requests themselves and allocates nothing.
 */
export class RunningRequests {
  #oldest: RunningRequest | undefined;
  #youngest: RunningRequest | undefined;
  readonly #announced = new Set<RunningRequest>();
  #gone: string[] = [];

  get isEmpty(): boolean {
    return this.#oldest === undefined && this.#announced.size === 0;
  }

  begin(request: RunningRequest): void {
    const youngest = this.#youngest;
    request.older = youngest;
    if (youngest === undefined) this.#oldest = request;
    else youngest.younger = request;
    this.#youngest = request;
  }

  /** Call this after the request's record has been sent to the ledger worker. */
  end(request: RunningRequest): void {
    if (request.announced) {
      this.#announced.delete(request);
      this.#gone.push(request.id);
    } else this.#unlink(request);
  }

  /** Requests older than `startedBefore` not announced yet, and announced ones that ended; `undefined` if none. */
  takeChanges(startedBefore: number): InFlightChange | undefined {
    const gone = this.#gone;
    let request = this.#oldest;
    if (gone.length === 0 && (request === undefined || request.startedAt > startedBefore)) return undefined;
    const alive: InFlightRequest[] = [];
    while (request !== undefined && request.startedAt <= startedBefore) {
      const { younger } = request;
      this.#unlink(request);
      request.announced = true;
      this.#announced.add(request);
      alive.push(request.snapshot());
      request = younger;
    }
    this.#gone = [];
    return { alive, gone };
  }

  /** Every announced request, running or ended since, for a new ledger worker that knows none of them. */
  reannounce(): InFlightChange {
    const gone = this.#gone;
    this.#gone = [];
    return { alive: [...this.#announced].map((request) => request.snapshot()), gone };
  }

  #unlink(request: RunningRequest): void {
    const { older, younger } = request;
    if (older === undefined) this.#oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#youngest = older;
    else younger.older = older;
    request.older = undefined;
    request.younger = undefined;
  }
}
