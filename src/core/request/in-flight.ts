/** A running request, with the record it gets if its end is never seen. */
export interface InFlightRequest {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The JSON text of its record as far as it is known, without the time of its end. */
  readonly record: string;
}

/** Changes of the running requests of one data worker. */
export interface InFlightChange {
  /** Requests that are running and were not reported before. */
  readonly alive: readonly InFlightRequest[];
  /** Ids of requests that were reported before and have ended. Their records are sent before this. */
  readonly gone: readonly string[];
}
