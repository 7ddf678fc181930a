import type { InFlightRequest, InFlightChange } from "../../core/request/in-flight.ts";

/** A call in the list of those that run. What can be written belongs to the list. */
export interface RunningRequest {
  older: RunningRequest | undefined;
  younger: RunningRequest | undefined;
  /** Whether the ledger has been told of it. */
  announced: boolean;
  readonly id: string;
  /** On the thread's monotonic clock. */
  readonly startedAt: number;
  sketch(): InFlightRequest;
}

/**
 * The calls of one data thread, by age, so that the ledger can be told of those that take long: a call that is over
 * before its turn comes has cost two assignments. Linked through the calls themselves, for nothing is allocated then.
 */
export class RunningRequests {
  #oldest: RunningRequest | undefined;
  #youngest: RunningRequest | undefined;
  readonly #announced = new Set<RunningRequest>();
  #gone: string[] = [];

  get isEmpty(): boolean {
    return this.#oldest === undefined && this.#announced.size === 0;
  }

  begin(call: RunningRequest): void {
    const youngest = this.#youngest;
    call.older = youngest;
    if (youngest === undefined) this.#oldest = call;
    else youngest.younger = call;
    this.#youngest = call;
  }

  /** Its record has been handed over. */
  end(call: RunningRequest): void {
    if (call.announced) {
      this.#announced.delete(call);
      this.#gone.push(call.id);
    } else this.#unlink(call);
  }

  /** Those begun before `startedBefore` that nobody was told of, and those told of that are over; `undefined` for neither. */
  take(startedBefore: number): InFlightChange | undefined {
    const gone = this.#gone;
    let call = this.#oldest;
    if (gone.length === 0 && (call === undefined || call.startedAt > startedBefore)) return undefined;
    const alive: InFlightRequest[] = [];
    while (call !== undefined && call.startedAt <= startedBefore) {
      const { younger } = call;
      this.#unlink(call);
      call.announced = true;
      this.#announced.add(call);
      alive.push(call.sketch());
      call = younger;
    }
    this.#gone = [];
    return { alive, gone };
  }

  /** For a ledger that was told of nothing: all that were told of, those that run and those that have ended since. */
  retell(): InFlightChange {
    const gone = this.#gone;
    this.#gone = [];
    return { alive: [...this.#announced].map((call) => call.sketch()), gone };
  }

  #unlink(call: RunningRequest): void {
    const { older, younger } = call;
    if (older === undefined) this.#oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#youngest = older;
    else younger.older = older;
    call.older = undefined;
    call.younger = undefined;
  }
}
