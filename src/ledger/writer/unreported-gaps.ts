import type { GapEvent, GapReason } from "../events/ledger-event.ts";

/** A range of sequence numbers. `records` may be smaller than the range, see `MAX_GAPS`. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
  readonly records: number;
}

interface OpenGap {
  readonly reason: GapReason;
  readonly since: number;
  from: number;
  to: number;
  records: number;
  until: number;
}

/** Beyond this many, gaps are merged into ranges that may also span records that exist; their counts stay exact. */
const MAX_GAPS = 100;

/** Gaps that the file of events does not list yet. Adjacent gaps with the same reason are merged. */
export class UnreportedGaps {
  readonly #now: () => number;
  #gaps: OpenGap[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  add({ from, to, records }: SeqRange, reason: GapReason): void {
    const now = this.#now();
    const gap = this.#gaps.findLast((open) => open.reason === reason);
    if (gap === undefined || (gap.to + 1 !== from && this.#gaps.length < MAX_GAPS)) {
      this.#gaps.push({ reason, from, to, records, since: now, until: now });
      return;
    }
    gap.from = Math.min(gap.from, from);
    gap.to = Math.max(gap.to, to);
    gap.records += records;
    gap.until = now;
  }

  get any(): boolean {
    return this.#gaps.length > 0;
  }

  /** The gaps as events, oldest first. They stay here until `clear`, since writing the events may fail. */
  events(instance: string): readonly GapEvent[] {
    return this.#gaps.map(({ reason, from, to, records, since, until }) => ({
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

  clear(): void {
    this.#gaps = [];
  }
}
