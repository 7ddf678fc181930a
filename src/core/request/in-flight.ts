/** A running request, with what its record is made from if its end is never seen. */
export interface InFlightRequest {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** A text that only its maker and the ledger worker understand. */
  readonly snapshot: string;
}

/** Changes of the running requests of one data worker. */
export interface InFlightChange {
  /** Requests that are running and were not reported before. */
  readonly alive: readonly InFlightRequest[];
  /** Ids of requests that were reported before and have ended. Their records are sent before this. */
  readonly gone: readonly string[];
}
