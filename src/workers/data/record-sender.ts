import type { InFlightChange } from "../../core/request/in-flight.ts";
import { ahead, TransferCounters } from "./transfer-counters.ts";
import type { RecordMessage } from "./record-message.ts";
import type { LedgerLink, ToDataFromLedger, ToLedgerFromData } from "../protocol.ts";

const MAX_BATCH = 64;
const MAX_WAIT_MS = 5;
/** Records that the ledger thread has not taken over yet, in characters; beyond, new ones are dropped and counted. */
const MAX_UNTAKEN = 64 * 1024 * 1024;

/** A data thread's records on their way to the ledger thread, in batches. */
export class RecordSender {
  dropped = 0;
  readonly #counts: TransferCounters;
  readonly #onBooked: (message: ToDataFromLedger) => void;
  #link: LedgerLink;
  #sent: number;
  #batch: RecordMessage[] = [];
  /** The number of the batch's first record. */
  #first = 0;
  #timer: NodeJS.Timeout | undefined;
  #connected = true;

  /** `onBooked` hears how far the ledger has come, each time that it was asked. */
  constructor(link: LedgerLink, onBooked: (message: ToDataFromLedger) => void) {
    this.#link = link;
    this.#counts = new TransferCounters(link.counts);
    this.#onBooked = onBooked;
    this.#sent = this.#counts.takenCharacters;
    this.#listen();
  }

  /** False while the ledger thread is dead: records wait here for the next one. */
  get connected(): boolean {
    return this.#connected;
  }

  /** How many records were made so far: the number of the next. */
  get made(): number {
    return this.#counts.made;
  }

  /** A new ledger thread took the place of one that died; it knows of no call in flight. */
  relink(link: LedgerLink, inFlight: InFlightChange): void {
    this.#link = link;
    this.#sent = this.#batch.reduce((sum, { text }) => sum + text.length, this.#counts.takenCharacters) | 0;
    this.#listen();
    this.tell(inFlight);
  }

  /** Returns whether it is on its way, or else dropped. */
  add(record: RecordMessage, announced: boolean): boolean {
    const number = this.#counts.made;
    this.#counts.make(announced);
    // A ledger thread that hangs on its disk must not fill this thread's memory.
    if (ahead(this.#sent, this.#counts.takenCharacters) > MAX_UNTAKEN) {
      // Numbers within a batch have no holes.
      this.flush();
      this.dropped++;
      return false;
    }
    this.#sent = (this.#sent + record.text.length) | 0;
    if (this.#batch.length === 0) this.#first = number;
    this.#batch.push(record);
    // What was pending must be known before anyone can have asked for it through another thread.
    if (this.#batch.length >= MAX_BATCH || record.once !== undefined) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), MAX_WAIT_MS);
    return true;
  }

  flush(): void {
    if (this.#batch.length > 0) this.#postBatch(undefined, false);
  }

  /** Hands over what there is, and asks to be told when it is written. */
  ask(): void {
    this.#postBatch(undefined, true);
  }

  /** Tells of calls in flight, behind the records of those that are over. */
  tell(inFlight: InFlightChange): void {
    this.#postBatch(inFlight, false);
  }

  /** The last word on this link. */
  end(): void {
    this.flush();
    this.#post({ end: true });
  }

  #listen(): void {
    const link = this.#link;
    this.#connected = true;
    link.port.on("message", this.#onBooked);
    link.port.on("close", () => {
      if (this.#link === link) this.#connected = false;
    });
  }

  #postBatch(inFlight: InFlightChange | undefined, ask: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#connected) return;
    const records = this.#batch;
    const first = records.length === 0 ? this.made : this.#first;
    this.#batch = [];
    this.#post({ first, records, inFlight, ask });
  }

  #post(message: ToLedgerFromData): void {
    this.#link.port.postMessage(message);
    this.#counts.posted();
  }
}
