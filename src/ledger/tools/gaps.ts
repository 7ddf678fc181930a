import type { ToldGap, ToldInstance } from "../events/event-log.ts";

export interface MissingRange {
  readonly instance: string;
  readonly from: number;
  readonly to: number;
  readonly records: number;
  readonly explained: boolean;
  /** In words. */
  readonly why: string;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

const REASONS: Readonly<Record<ToldGap["reason"], string>> = {
  queue_full: "the file could not be written, and memory held no more",
  handover_full: "the ledger hung, and the data threads held no more",
  data_thread_died: "a data thread died with them",
  ledger_thread_died: "the ledger's thread died with them",
  not_written_at_stop: "the process ended while the file could not be written",
  too_large: "a record was larger than memory may hold",
  moved: "somebody moved or deleted the file that held them",
  truncated: "somebody truncated the file that held them",
};

/** Why these numbers are missing, by what the events say. */
export function explain(instance: string, { from, to }: Range, told: ToldInstance | undefined): MissingRange {
  const hole = { instance, from, to, records: to - from + 1 };
  const used: ToldGap[] = [];
  let at = from;
  while (at <= to) {
    const gap = told?.gaps.find((one) => one.from <= at && at <= one.to);
    if (gap === undefined) break;
    used.push(gap);
    at = gap.to + 1;
  }
  if (at > to) return { ...hole, explained: true, why: [...new Set(used.map(inWords))].join("; ") };
  const segment = told?.segments.find(({ lastSeq }) => at <= lastSeq);
  const why =
    segment !== undefined && segment.lastSeq >= to
      ? `they were in ${segment.segment}, or in one before it`
      : "nobody said why";
  return { ...hole, explained: false, why };
}

function inWords({ reason, since }: ToldGap): string {
  return `${REASONS[reason] ?? reason} (${since})`;
}
