import { ahead } from "../protocol/transfer-counters.ts";
import type { ToDataFromLedger } from "../protocol/messages.ts";
import type { RecordSender } from "./record-sender.ts";

/** No response waits longer for its record: recording must never harm a request. */
const MAX_HOLD_MS = 1_000;

interface HeldResponse {
  /** The response is released when the ledger has consumed this many records. */
  readonly records: number;
  readonly since: number;
  readonly release: () => void;
}

/** Holds the last bytes of responses until the ledger worker has written their records. */
export class DurabilityGate {
  /** How many responses were released without that confirmation. */
  unconfirmed = 0;
  readonly #sender: RecordSender;
  readonly #clock: () => number;
  #held: HeldResponse[] = [];
  #requesting = false;
  #timer: NodeJS.Timeout | undefined;
  /** The ledger worker has missed the deadline and has not responded since, so no other response waits for it. */
  #late = false;

  constructor(sender: RecordSender, clock: () => number) {
    this.#sender = sender;
    this.#clock = clock;
  }

  /** Waits for the record that was produced last. */
  hold(release: () => void): void {
    if (this.#late) {
      this.releaseUnconfirmed(release);
      return;
    }
    this.#held.push({ records: this.#sender.produced, since: this.#clock(), release });
    this.#timer ??= setTimeout(() => this.#expire(), MAX_HOLD_MS);
    if (this.#requesting) return;
    // All responses that end in this turn of the event loop share one message.
    this.#requesting = true;
    setImmediate(() => this.#requestConfirmation());
  }

  releaseUnconfirmed(release: () => void): void {
    this.unconfirmed++;
    release();
  }

  /** Asks a new ledger worker again, because its predecessor can no longer respond. */
  relinked(): void {
    if (this.#late || this.#held.length > 0) this.#requestConfirmation();
  }

  confirmed({ consumed, written }: ToDataFromLedger): void {
    this.#late = false;
    const firstWaiting = this.#held.findIndex(({ records }) => ahead(records, consumed) > 0);
    const due = this.#held.splice(0, firstWaiting < 0 ? this.#held.length : firstWaiting);
    if (this.#held.length === 0) this.#disarm();
    for (const { release } of due) {
      if (written) release();
      else this.releaseUnconfirmed(release);
    }
  }

  #requestConfirmation(): void {
    this.#requesting = false;
    this.#sender.requestConfirmation();
  }

  #expire(): void {
    this.#timer = undefined;
    const [oldest] = this.#held;
    if (oldest === undefined) return;
    const leftMs = MAX_HOLD_MS - (this.#clock() - oldest.since);
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#expire(), leftMs);
      return;
    }
    this.#late = true;
    for (const { release } of this.#held.splice(0)) this.releaseUnconfirmed(release);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
