/** The ledger must not be opened at this path. The message tells the operator what to do. */
export class LedgerOpenError extends Error {
  override readonly name = "LedgerOpenError";
  /**
   * True where the process that holds the file may have ended, which only its silence can show. A container that is killed
   * and restarted at once should serve requests meanwhile and not give up.
   */
  readonly mayHaveEnded: boolean;

  constructor(message: string, { mayHaveEnded = false } = {}) {
    super(message);
    this.mayHaveEnded = mayHaveEnded;
  }
}
