/** The ledger must not be opened here at all: the message is for the operator and says what to do. */
export class LedgerOpenError extends Error {
  override readonly name = "LedgerOpenError";
}
