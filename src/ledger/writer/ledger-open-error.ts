/** The ledger must not be opened here at all: the message is for the operator and says what to do. */
export class LedgerOpenError extends Error {
  override readonly name = "LedgerOpenError";
  /**
   * Set where the one in the way may be dead, seen from here: by then it is certain. A container killed and started
   * again at once is such a case, and should wait rather than give up.
   */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}
