import type { InFlightRecovery } from "../../ledger/in-flight/in-flight-recovery.ts";
import type { Ledger } from "../../ledger/writer/ledger.ts";
import { ahead, TransferCounters } from "./transfer-counters.ts";
import type { RecordMessage } from "./record-message.ts";
import type { Batch, LedgerLink, ToDataFromLedger, ToLedgerFromData } from "../protocol.ts";

export interface LedgerChannelOptions {
  readonly ledger: Ledger;
  readonly calls: InFlightRecovery;
  /** Books the record, now or in a moment, and calls `booked` then. */
  readonly take: (record: RecordMessage, booked: () => void) => void;
  readonly onClose: (link: LedgerChannel) => void;
}

/** The ledger thread's end of one data thread's link: nothing that comes over it, or should have, goes uncounted. */
export class LedgerChannel {
  readonly #link: LedgerLink;
  readonly #counts: TransferCounters;
  readonly #options: LedgerChannelOptions;
  readonly #booked: () => void;
  /** The number of the record that should come next. */
  #next: number;
  #met = false;
  #ended = false;

  constructor(link: LedgerLink, options: LedgerChannelOptions) {
    this.#link = link;
    this.#options = options;
    this.#counts = new TransferCounters(link.counts);
    this.#booked = () => this.#counts.book(1);
    this.#next = this.#counts.booked;
    link.port.on("message", (message: ToLedgerFromData) => {
      if ("end" in message) this.#end();
      else this.#receive(message);
    });
    // Also when the data thread dies: what it had posted has been read by then.
    link.port.on("close", () => this.#closed());
  }

  #receive(batch: Batch): void {
    const { ledger, calls, take } = this.#options;
    const { thread, port } = this.#link;
    this.#miss(batch);
    let characters = 0;
    for (const record of batch.records) {
      characters += record.text.length;
      take(record, this.#booked);
    }
    this.#next = (batch.first + batch.records.length) | 0;
    ledger.flush();
    this.#counts.took(characters);
    if (batch.inFlight !== undefined) calls.update(thread, batch.inFlight);
    if (!batch.ask) return;
    const answer: ToDataFromLedger = { booked: this.#next, written: ledger.isDrained };
    port.postMessage(answer);
  }

  /** What the thread made before this batch, and did not send. */
  #miss({ first, inFlight }: Batch): void {
    const missing = ahead(first, this.#next);
    if (this.#met) this.#lose(missing, "handover_full");
    else {
      // What a ledger before this one had not booked when it died; calls that it knew have their records now.
      const recovered = this.#options.calls.onDataWorkerLinked(this.#link.thread, inFlight);
      this.#lose(missing - recovered, "ledger_thread_died");
      this.#met = true;
    }
  }

  #lose(records: number, reason: "handover_full" | "ledger_thread_died" | "data_thread_died"): void {
    if (records <= 0) return;
    this.#options.ledger.addGap(records, reason);
    this.#counts.book(records);
  }

  #end(): void {
    this.#ended = true;
    this.#link.port.close();
  }

  #closed(): void {
    if (!this.#ended) {
      const unsent = ahead(this.#counts.made, this.#next);
      this.#lose(unsent - this.#counts.unpostedAnnounced, "data_thread_died");
      this.#options.calls.onDataWorkerExit(this.#link.thread);
    }
    this.#options.onClose(this);
  }
}
