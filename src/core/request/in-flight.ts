/** A call that runs: what its record would say if it never came to its end. */
export interface InFlightRequest {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The JSON text of its record as far as it is known, all but the time of its end. */
  readonly record: string;
}

/** What changed among the calls of one data thread. */
export interface InFlightChange {
  readonly alive: readonly InFlightRequest[];
  /** Ids of such that were told of before; their records were handed over before this. */
  readonly gone: readonly string[];
}
