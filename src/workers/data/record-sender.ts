import type { InFlightChange } from "../../core/request/in-flight.ts";
import type { DeferredRecord } from "../../core/request/deferred-record.ts";
import { DeferredRecords } from "./deferred-records.ts";
import { toInFlightMessage } from "../protocol/in-flight-message.ts";
import type { LedgerLink, ToDataFromLedger, ToLedgerFromData } from "../protocol/messages.ts";
import type { RecordMessage } from "../protocol/record-message.ts";
import { ahead, TransferCounters } from "../protocol/transfer-counters.ts";

/** A batch may grow beyond this only while the ledger worker is down. */
const MAX_BATCH = 64;
const MAX_WAIT_MS = 5;
/** The most that may be in transit, in characters. Beyond it new records are dropped and counted. */
const MAX_IN_TRANSIT = 64 * 1024 * 1024;

/** Sends a data worker's records to the ledger worker, in batches. */
export class RecordSender {
  dropped = 0;
  readonly #counters: TransferCounters;
  readonly #onConfirmation: (message: ToDataFromLedger) => void;
  #link: LedgerLink;
  #sentCharacters: number;
  #batch: RecordMessage[] = [];
  readonly #deferred = new DeferredRecords();
  /** The number of the batch's first record. */
  #first = 0;
  #timer: NodeJS.Timeout | undefined;
  #connected = true;

  /** `onConfirmation` is called once for each `requestConfirmation`. */
  constructor(link: LedgerLink, onConfirmation: (message: ToDataFromLedger) => void) {
    this.#link = link;
    this.#counters = new TransferCounters(link.counts);
    this.#onConfirmation = onConfirmation;
    this.#sentCharacters = this.#counters.receivedCharacters;
    this.#listen();
  }

  /** False while the ledger worker is down. Records wait here for the next one. */
  get connected(): boolean {
    return this.#connected;
  }

  /** How many records were produced so far, which is the number of the next one. */
  get produced(): number {
    return this.#counters.produced;
  }

  /** Connects to a new ledger worker, which knows no running request yet. */
  relink(link: LedgerLink, inFlight: InFlightChange): void {
    this.#link = link;
    const { receivedCharacters } = this.#counters;
    const { characters } = this.#deferred;
    this.#sentCharacters =
      this.#batch.reduce((sum, { text }) => sum + text.length, receivedCharacters + characters) | 0;
    this.#listen();
    this.sendInFlight(inFlight);
  }

  /** Returns false if the record was dropped. */
  add(record: RecordMessage, announced: boolean): boolean {
    if (!this.#begin(record.text.length, announced)) return false;
    this.#batch.push(record);
    // The ledger must know a pending response before a client can fetch it again through another worker.
    this.#sendSoon(record.dedupKey !== undefined);
    return true;
  }

  /** Like `add`, for a record that the ledger worker makes. */
  addDeferred(record: DeferredRecord, announced: boolean): boolean {
    if (!this.#begin(record.text.length, announced)) return false;
    this.#deferred.add(record, this.#size);
    this.#sendSoon(false);
    return true;
  }

  get #size(): number {
    return this.#batch.length + this.#deferred.length;
  }

  #begin(characters: number, announced: boolean): boolean {
    const number = this.#counters.produced;
    this.#counters.produce(announced);
    // If the ledger worker hangs on its disk, its records must not fill this worker's memory.
    if (ahead(this.#sentCharacters, this.#counters.receivedCharacters) > MAX_IN_TRANSIT) {
      // The record numbers within a batch have no gaps.
      this.flush();
      this.dropped++;
      return false;
    }
    this.#sentCharacters = (this.#sentCharacters + characters) | 0;
    if (this.#size === 0) this.#first = number;
    return true;
  }

  #sendSoon(atOnce: boolean): void {
    if (atOnce || this.#size >= MAX_BATCH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), MAX_WAIT_MS);
  }

  flush(): void {
    if (this.#size > 0) this.#postBatch(undefined, false);
  }

  /** Sends what there is, and asks the ledger worker to confirm when it is written. */
  requestConfirmation(): void {
    this.#postBatch(undefined, true);
  }

  /** Sends the changes among the running requests, after the records of those that have ended. */
  sendInFlight(inFlight: InFlightChange): void {
    this.#postBatch(inFlight, false);
  }

  /** Sends the last message on this link. */
  end(): void {
    this.flush();
    this.#post({ end: true });
  }

  #listen(): void {
    const link = this.#link;
    this.#connected = true;
    link.port.on("message", this.#onConfirmation);
    link.port.on("close", () => {
      if (this.#link === link) this.#connected = false;
    });
  }

  #postBatch(inFlight: InFlightChange | undefined, confirm: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#connected) return;
    const records = this.#batch;
    const first = this.#size === 0 ? this.produced : this.#first;
    this.#batch = [];
    const deferred = this.#deferred.take();
    this.#post({ first, records, deferred, inFlight: inFlight && toInFlightMessage(inFlight), confirm });
  }

  #post(message: ToLedgerFromData): void {
    this.#link.port.postMessage(message);
    this.#counters.posted();
  }
}
