/**
 * A complete request whose record the ledger worker makes: all that the record needs, as numbers and one text, which cost
 * less to send than objects. It holds no key of the request.
 */
export interface DeferredRecord {
  /** As many as `NUMBERS`. */
  readonly numbers: readonly number[];
  /** As many texts as `TEXTS`, separated by `SEPARATOR`. */
  readonly text: string;
}

export const NUMBERS = 9;
export const TEXTS = 15;
/** No header field, path or JSON text may hold this character. */
export const SEPARATOR = "\0";
