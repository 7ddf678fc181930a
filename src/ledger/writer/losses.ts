import type { Gap, GapReason } from "../events/ledger-event.ts";

/** Numbers of records that will not come. */
export interface LostRange {
  readonly from: number;
  readonly to: number;
  readonly records: number;
}

interface Loss {
  readonly reason: GapReason;
  readonly since: number;
  from: number;
  to: number;
  records: number;
  until: number;
}

/** Beyond, a range may hold some that were not lost; its count is right all the same. */
const MAX_OPEN = 100;

/** Losses that nobody has been told of yet; those that follow on one another for one reason are one. */
export class Losses {
  readonly #now: () => number;
  #open: Loss[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  add({ from, to, records }: LostRange, reason: GapReason): void {
    const now = this.#now();
    const loss = this.#open.findLast((one) => one.reason === reason);
    if (loss === undefined || (loss.to + 1 !== from && this.#open.length < MAX_OPEN)) {
      this.#open.push({ reason, from, to, records, since: now, until: now });
      return;
    }
    loss.from = Math.min(loss.from, from);
    loss.to = Math.max(loss.to, to);
    loss.records += records;
    loss.until = now;
  }

  get any(): boolean {
    return this.#open.length > 0;
  }

  /** As events, the oldest first. They stay until they are said to be told. */
  events(instance: string): readonly Gap[] {
    return this.#open.map(({ reason, from, to, records, since, until }) => ({
      event: "gap",
      instance,
      from_seq: from,
      to_seq: to,
      records,
      from: new Date(since).toISOString(),
      to: new Date(until).toISOString(),
      reason,
    }));
  }

  told(): void {
    this.#open = [];
  }
}
