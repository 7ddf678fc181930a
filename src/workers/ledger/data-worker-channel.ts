import type { RecordCounters } from "../../core/counters/record-counters.ts";
import type { InFlightChange } from "../../core/request/in-flight.ts";
import type { InFlightRecovery } from "../../ledger/in-flight/in-flight-recovery.ts";
import type { Ledger } from "../../ledger/writer/ledger.ts";
import { RecordCaches } from "../../proxy/recording/finished-request.ts";
import { DeferredReader } from "./deferred-reader.ts";
import type { Batch, LedgerLink, ToDataFromLedger, ToLedgerFromData } from "../protocol/messages.ts";
import { fromInFlightMessage } from "../protocol/in-flight-message.ts";
import { type RecordMessage, toRecordMessage } from "../protocol/record-message.ts";
import { ahead, TransferCounters } from "../protocol/transfer-counters.ts";

export interface DataWorkerChannelOptions {
  readonly ledger: Ledger;
  readonly recovery: InFlightRecovery;
  /** Counts the records that are made here. */
  readonly counters: RecordCounters;
  /** Appends the record, now or in a moment, and calls `consumed` then. */
  readonly append: (record: RecordMessage, consumed: () => void) => void;
  readonly onClose: (channel: DataWorkerChannel) => void;
}

/** The ledger worker's end of the link to one data worker. It counts every record that came, or should have come. */
export class DataWorkerChannel {
  readonly #link: LedgerLink;
  readonly #counters: TransferCounters;
  readonly #options: DataWorkerChannelOptions;
  readonly #consumed: () => void;
  readonly #caches = new RecordCaches();
  /** The number that the next record should have. */
  #next: number;
  #isLinked = false;
  #ended = false;

  constructor(link: LedgerLink, options: DataWorkerChannelOptions) {
    this.#link = link;
    this.#options = options;
    this.#counters = new TransferCounters(link.counts);
    this.#consumed = () => this.#counters.consume(1);
    this.#next = this.#counters.consumed;
    link.port.on("message", (message: ToLedgerFromData) => {
      if ("end" in message) this.#end();
      else this.#receive(message);
    });
    // Also emitted when the data worker crashes, after everything that it had posted has been received.
    link.port.on("close", () => this.#closed());
  }

  #receive(batch: Batch): void {
    const { ledger, recovery, counters, append } = this.#options;
    const { thread, port } = this.#link;
    const inFlight = batch.inFlight && fromInFlightMessage(batch.inFlight);
    this.#countMissing(batch.first, inFlight);
    const deferred = new DeferredReader(batch.deferred, this.#caches);
    const size = batch.records.length + deferred.length;
    let characters = deferred.characters;
    for (let place = 0, sent = 0; place < size; place++) {
      const made = deferred.recordAt(place);
      const record = made === undefined ? batch.records[sent++] : toRecordMessage(made);
      if (record === undefined) break;
      if (made === undefined) characters += record.text.length;
      else counters.add(made);
      append(record, this.#consumed);
    }
    this.#next = (batch.first + size) | 0;
    ledger.flush();
    this.#counters.receive(characters);
    if (inFlight !== undefined) recovery.update(thread, inFlight);
    if (!batch.confirm) return;
    const confirmation: ToDataFromLedger = { consumed: this.#next, written: ledger.isDrained };
    port.postMessage(confirmation);
  }

  /** Counts the records that the data worker produced before this batch and did not send. */
  #countMissing(first: number, inFlight: InFlightChange | undefined): void {
    const missing = ahead(first, this.#next);
    if (this.#isLinked) this.#lose(missing, "handover_full");
    else {
      // These are records that the previous ledger worker had not consumed when it crashed. The requests among them
      // that it knew get their records from the recovery.
      const recovered = this.#options.recovery.onDataWorkerLinked(this.#link.thread, inFlight);
      this.#lose(missing - recovered, "ledger_thread_died");
      this.#isLinked = true;
    }
  }

  #lose(records: number, reason: "handover_full" | "ledger_thread_died" | "data_thread_died"): void {
    if (records <= 0) return;
    this.#options.ledger.addGap(records, reason);
    this.#counters.consume(records);
  }

  #end(): void {
    this.#ended = true;
    this.#link.port.close();
  }

  #closed(): void {
    if (!this.#ended) {
      const unsent = ahead(this.#counters.produced, this.#next);
      this.#lose(unsent - this.#counters.unpostedAnnounced, "data_thread_died");
      this.#options.recovery.onDataWorkerExit(this.#link.thread);
    }
    this.#options.onClose(this);
  }
}
