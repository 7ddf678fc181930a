import { ahead } from "./transfer-counters.ts";
import type { ToDataFromLedger } from "../protocol.ts";
import type { RecordSender } from "./record-sender.ts";

/** No answer waits longer for its record: stats never harm a call. */
const MAX_HOLD_MS = 1_000;

interface HeldAnswer {
  /** The answer may go once the ledger has booked this many records. */
  readonly records: number;
  readonly since: number;
  readonly release: () => void;
}

/** Answers whose last bytes wait until the ledger has written their records. */
export class DurabilityGate {
  /** How many were let go without that. */
  unconfirmed = 0;
  readonly #outbox: RecordSender;
  readonly #clock: () => number;
  #held: HeldAnswer[] = [];
  #asking = false;
  #timer: NodeJS.Timeout | undefined;
  /** The ledger has kept an answer waiting for too long and said nothing since: no other one waits for it. */
  #late = false;

  constructor(outbox: RecordSender, clock: () => number) {
    this.#outbox = outbox;
    this.#clock = clock;
  }

  /** Behind the record that was made last. */
  hold(release: () => void): void {
    if (this.#late) {
      this.letGo(release);
      return;
    }
    this.#held.push({ records: this.#outbox.made, since: this.#clock(), release });
    this.#timer ??= setTimeout(() => this.#expire(), MAX_HOLD_MS);
    if (this.#asking) return;
    // All that end in this turn of the event loop share one message.
    this.#asking = true;
    setImmediate(() => this.ask());
  }

  letGo(release: () => void): void {
    this.unconfirmed++;
    release();
  }

  ask(): void {
    this.#asking = false;
    this.#outbox.ask();
  }

  /** A new ledger thread was asked nothing yet. */
  askAgain(): void {
    if (this.#late || this.#held.length > 0) this.ask();
  }

  booked({ booked, written }: ToDataFromLedger): void {
    this.#late = false;
    const due = this.#held.findIndex(({ records }) => ahead(records, booked) > 0);
    const free = this.#held.splice(0, due < 0 ? this.#held.length : due);
    if (this.#held.length === 0) this.#disarm();
    for (const { release } of free) {
      if (written) release();
      else this.letGo(release);
    }
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
    for (const { release } of this.#held.splice(0)) this.letGo(release);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
