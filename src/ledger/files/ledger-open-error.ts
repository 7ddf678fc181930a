/** The ledger must not be opened at this path. The message tells the operator what to do. */
export class LedgerOpenError extends Error {
  override readonly name = "LedgerOpenError";
  /**
   * Set where the process that holds the file may be dead: after this time its lock has expired. A container that is
   * killed and restarted at once should wait for that and not give up.
   */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}
