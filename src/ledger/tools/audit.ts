import { isUtf8 } from "node:buffer";
import { closeSync, openSync } from "node:fs";
import { LINE_END } from "../../jsonl/file-bytes.ts";
import { lineBlocks } from "../../jsonl/read-lines.ts";
import { type EventHistory, type InstanceHistory, readEvents, type ReportedGap } from "../events/event-reader.ts";
import { checkRecordLine } from "./check-record-line.ts";
import { SeenIds } from "./seen-ids.ts";

// Checks that a ledger is complete: each line is a record, no record appears twice, and each missing sequence number is
// explained by an event.

export interface AuditOptions {
  /** Oldest first. */
  readonly files: readonly string[];
  /** Descriptor of the last file, opened by the caller because a gateway may rotate that file meanwhile. */
  readonly last: number | undefined;
  readonly events: string;
  /** The files are all that the ledger has, so every record that an instance reports must be in them. */
  readonly complete: boolean;
  /** A gateway may be writing the last file. */
  readonly live: boolean;
  readonly onRead: (bytes: number) => void;
}

export interface LineFault {
  readonly file: string;
  readonly line: number;
  readonly fault: string;
}

export interface MissingRange {
  readonly instance: string;
  readonly from: number;
  readonly to: number;
  readonly records: number;
  readonly explained: boolean;
  /** The reason, as a text for the operator. */
  readonly why: string;
}

/** The names of the members are part of `lmgate ledger verify --json`. */
export interface Audit {
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
  readonly instances: number;
  /** The first hundred bad lines. */
  readonly faults: readonly LineFault[];
  readonly faultCount: number;
  readonly holes: readonly MissingRange[];
  readonly notes: readonly string[];
  readonly ok: boolean;
}

const MAX_FAULTS = 100;
/** Small, because `onRead` moves the progress bar. */
const BLOCK_BYTES = 1024 * 1024;

interface Range {
  readonly from: number;
  readonly to: number;
}

interface Sequence {
  readonly first: number;
  last: number;
  readonly missing: Range[];
}

export function audit(options: AuditOptions): Audit {
  const auditor = new Auditor(options);
  for (const [at, file] of options.files.entries()) {
    const fd = at === options.files.length - 1 ? options.last : undefined;
    if (fd === undefined) auditor.readFile(file);
    else auditor.read(fd, file);
  }
  return auditor.conclude(readEvents(options.events));
}

class Auditor {
  readonly #options: AuditOptions;
  readonly #ids = new SeenIds();
  readonly #sequences = new Map<string, Sequence>();
  readonly #faults: LineFault[] = [];
  readonly #notes: string[] = [];
  #faultCount = 0;
  #records = 0;
  #bytes = 0;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  readFile(file: string): void {
    const fd = openSync(file, "r");
    try {
      this.read(fd, file);
    } finally {
      closeSync(fd);
    }
  }

  read(fd: number, file: string): void {
    let line = 0;
    for (const { bytes } of lineBlocks(fd, { from: 0, finished: true, blockBytes: BLOCK_BYTES })) {
      this.#bytes += bytes.length;
      this.#options.onRead(bytes.length);
      line = this.#readLines(bytes, file, line);
    }
  }

  /** Returns the number of the last line, counted from the beginning of the file. */
  #readLines(bytes: Buffer, file: string, linesBefore: number): number {
    let line = linesBefore;
    const endsInLineEnd = bytes.at(-1) === LINE_END;
    if (!isUtf8(bytes)) this.#addFault(file, line + 1, "this line or a later one is not valid UTF-8");
    const texts = bytes.toString("utf8").split("\n");
    const rest = texts.pop() ?? "";
    for (const text of texts) this.#readLine(text, file, ++line);
    if (!endsInLineEnd) this.#readTornLine(rest, file, ++line);
    return line;
  }

  #readLine(text: string, file: string, line: number): void {
    const record = checkRecordLine(text);
    if (typeof record === "string") {
      this.#addFault(file, line, record);
      return;
    }
    const { id, instance, seq } = record;
    this.#records += 1;
    if (!this.#ids.add(id)) this.#addFault(file, line, `id ${id} appears twice`);
    const sequence = this.#sequences.get(instance);
    if (sequence === undefined) this.#startSequence(instance, seq);
    else if (seq <= sequence.last) {
      this.#addFault(file, line, `number ${seq} of ${instance} comes after number ${sequence.last}`);
    } else {
      if (seq > sequence.last + 1) sequence.missing.push({ from: sequence.last + 1, to: seq - 1 });
      sequence.last = seq;
    }
  }

  #startSequence(instance: string, seq: number): void {
    const sequence: Sequence = { first: seq, last: seq, missing: [] };
    // The first instance may have begun in an earlier file, which is not read; every other begins with 1.
    if (seq > 1 && this.#sequences.size > 0) sequence.missing.push({ from: 1, to: seq - 1 });
    else if (seq > 1) this.#notes.push(`the files begin with number ${seq} of ${instance}`);
    this.#sequences.set(instance, sequence);
  }

  #readTornLine(text: string, file: string, line: number): void {
    const isLast = file === this.#options.files.at(-1);
    if (isLast && this.#options.live) return;
    if (!isLast) this.#addFault(file, line, "is incomplete");
    else {
      const length = `${text.length} characters`;
      this.#notes.push(`${file} ends in an incomplete line (${length}), which the next start moves to another file`);
    }
  }

  #addFault(file: string, line: number, fault: string): void {
    this.#faultCount += 1;
    if (this.#faults.length < MAX_FAULTS) this.#faults.push({ file, line, fault });
  }

  conclude(history: EventHistory): Audit {
    if (!history.found) this.#notes.push(`there is no ${this.#options.events}, so missing records cannot be explained`);
    this.#checkEnds(history);
    const holes = [...this.#sequences].flatMap(([instance, { missing }]) =>
      missing.map((range) => explain(instance, range, history.instances.get(instance))),
    );
    return {
      files: this.#options.files.length,
      bytes: this.#bytes,
      records: this.#records,
      instances: this.#sequences.size,
      faults: this.#faults,
      faultCount: this.#faultCount,
      holes,
      notes: this.#notes,
      ok: this.#faultCount === 0 && holes.every(({ explained }) => explained),
    };
  }

  /** Compares the last record of each instance with the last number that its events report. */
  #checkEnds({ instances, latest }: EventHistory): void {
    const newest = [...this.#sequences.keys()].at(-1);
    let isCovered = false;
    for (const [instance, { lastSeq, ended, inFlight }] of instances) {
      const sequence = this.#sequences.get(instance);
      isCovered ||= sequence !== undefined;
      // Instances before the first file: the operator may have moved older files away.
      if (!isCovered) continue;
      if (ended === "crashed") {
        this.#notes.push(
          `${instance} crashed with ${inFlight} requests in flight; requests that ended in its last 100 ms may be missing`,
        );
      } else if (ended === undefined && instance !== latest) {
        this.#notes.push(`${instance} has no event for its end, so its last records may be missing`);
      }
      const mustBeHere = this.#options.complete || (sequence !== undefined && instance !== newest);
      if (lastSeq !== undefined && mustBeHere) this.#checkEnd(instance, lastSeq, sequence);
    }
  }

  #checkEnd(instance: string, lastSeq: number, sequence: Sequence = { first: 1, last: 0, missing: [] }): void {
    if (sequence.last >= lastSeq) return;
    sequence.missing.push({ from: sequence.last + 1, to: lastSeq });
    this.#sequences.set(instance, sequence);
  }
}

const REASONS: Readonly<Record<ReportedGap["reason"], string>> = {
  queue_full: "the file could not be written and the queue in memory was full",
  handover_full: "the ledger worker hung and the queues of the data workers were full",
  data_thread_died: "a data worker died before it had sent them",
  ledger_thread_died: "the ledger worker died before it had written them",
  not_written_at_stop: "the process stopped while the file could not be written",
  too_large: "the record was larger than the queue in memory",
  moved: "another program moved or deleted the file",
  truncated: "another program truncated the file",
};

/** Explains a missing range by the gaps that the events report; it is explained if they cover all of it. */
function explain(instance: string, { from, to }: Range, history: InstanceHistory | undefined): MissingRange {
  const range = { instance, from, to, records: to - from + 1 };
  const used: ReportedGap[] = [];
  let at = from;
  while (at <= to) {
    const gap = history?.gaps.find((reported) => reported.from <= at && at <= reported.to);
    if (gap === undefined) break;
    used.push(gap);
    at = gap.to + 1;
  }
  if (at > to) return { ...range, explained: true, why: [...new Set(used.map(reasonOf))].join("; ") };
  const segment = history?.segments.find(({ lastSeq }) => at <= lastSeq);
  const isInSegment = segment !== undefined && segment.lastSeq >= to;
  const why = isInSegment ? `they were in ${segment.segment} or an earlier file` : "no event explains it";
  return { ...range, explained: false, why };
}

function reasonOf({ reason, since }: ReportedGap): string {
  return `${REASONS[reason] ?? reason} (${since})`;
}
