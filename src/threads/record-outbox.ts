import type { Handover } from "./handover.ts";
import type { LedgerLink, ToLedgerFromData } from "./protocol.ts";

const MAX_BATCH = 64;
const MAX_WAIT_MS = 5;
/** Records that the ledger thread has not taken over yet, in characters; beyond, new ones are dropped and counted. */
const MAX_UNTAKEN = 64 * 1024 * 1024;

/** A data thread's records on their way to the ledger thread, in batches. */
export class RecordOutbox {
  dropped = 0;
  #link: LedgerLink;
  #taken: Int32Array;
  #sent = 0;
  #batch: Handover[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(link: LedgerLink) {
    this.#link = link;
    this.#taken = new Int32Array(link.taken);
  }

  /** A new ledger thread took the place of one that died. */
  relink(link: LedgerLink): void {
    this.#link = link;
    this.#taken = new Int32Array(link.taken);
    this.#sent = 0;
  }

  add(record: Handover): void {
    // A ledger thread that hangs on its disk must not fill this thread's memory.
    if ((this.#sent - Atomics.load(this.#taken, 0)) >>> 0 > MAX_UNTAKEN) {
      this.dropped++;
      return;
    }
    this.#sent = (this.#sent + record.text.length) >>> 0;
    this.#batch.push(record);
    // What was pending must be known before anyone can have asked for it through another thread.
    if (this.#batch.length >= MAX_BATCH || record.once !== undefined) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), MAX_WAIT_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batch.length === 0) return;
    this.#post({ records: this.#batch });
    this.#batch = [];
  }

  /** The last word on this link. */
  end(): void {
    this.flush();
    this.#post({ end: true });
  }

  #post(message: ToLedgerFromData): void {
    this.#link.port.postMessage(message);
  }
}
