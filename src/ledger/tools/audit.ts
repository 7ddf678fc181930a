import { isUtf8 } from "node:buffer";
import { closeSync, openSync } from "node:fs";
import { type EventLog, readEvents } from "../events/event-log.ts";
import { LINE_END } from "../../jsonl/read-tail.ts";
import { explain, type MissingRange } from "./gaps.ts";
import { readLine } from "./check-record-line.ts";
import { SeenIds } from "../in-flight/seen-ids.ts";
import { wholeLines } from "../../jsonl/whole-lines.ts";

// Looks whether a ledger is whole: each line a record, none twice, and no number missing without a word about it.

export interface AuditOptions {
  /** Oldest first. */
  readonly files: readonly string[];
  /** The last of them, already open: a gateway may give its name to another meanwhile. */
  readonly last: number | undefined;
  readonly events: string;
  /** The files are all there are, so that what an instance said it wrote must be in them. */
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

export interface Audit {
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
  readonly instances: number;
  /** Of all faults the first hundred. */
  readonly faults: readonly LineFault[];
  readonly faultCount: number;
  readonly holes: readonly MissingRange[];
  readonly notes: readonly string[];
  readonly ok: boolean;
}

const MAX_FAULTS = 100;

interface Numbers {
  readonly first: number;
  last: number;
  readonly missing: { readonly from: number; readonly to: number }[];
}

export function audit(options: AuditOptions): Audit {
  const auditor = new Auditor(options);
  for (const [at, file] of options.files.entries()) {
    const fd = at === options.files.length - 1 ? options.last : undefined;
    if (fd === undefined) auditor.open(file);
    else auditor.read(fd, file);
  }
  return auditor.conclude(readEvents(options.events));
}

class Auditor {
  readonly #options: AuditOptions;
  readonly #ids = new SeenIds();
  readonly #instances = new Map<string, Numbers>();
  readonly #faults: LineFault[] = [];
  readonly #notes: string[] = [];
  #faultCount = 0;
  #records = 0;
  #bytes = 0;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  open(file: string): void {
    const fd = openSync(file, "r");
    try {
      this.read(fd, file);
    } finally {
      closeSync(fd);
    }
  }

  read(fd: number, file: string): void {
    let line = 0;
    for (const bytes of wholeLines(fd, (count) => this.#count(count))) line = this.#lines(bytes, file, line);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#options.onRead(bytes);
  }

  #lines(bytes: Buffer, file: string, before: number): number {
    let line = before;
    const whole = bytes.at(-1) === LINE_END;
    if (!isUtf8(bytes)) this.#fault(file, line + 1, "this line, or one of those behind it, is not UTF-8");
    const texts = bytes.toString("utf8").split("\n");
    const rest = texts.pop() ?? "";
    for (const text of texts) this.#line(text, file, ++line);
    if (!whole) this.#unfinished(rest, file, ++line);
    return line;
  }

  #line(text: string, file: string, line: number): void {
    const read = readLine(text);
    if (typeof read === "string") {
      this.#fault(file, line, read);
      return;
    }
    this.#records += 1;
    if (!this.#ids.add(read.id)) this.#fault(file, line, `id ${read.id} was there before`);
    const numbers = this.#instances.get(read.instance);
    if (numbers === undefined) this.#meet(read.instance, read.seq);
    else if (read.seq <= numbers.last) {
      this.#fault(file, line, `number ${read.seq} of ${read.instance} comes behind ${numbers.last}`);
    } else {
      if (read.seq > numbers.last + 1) numbers.missing.push({ from: numbers.last + 1, to: read.seq - 1 });
      numbers.last = read.seq;
    }
  }

  #meet(instance: string, seq: number): void {
    const numbers: Numbers = { first: seq, last: seq, missing: [] };
    // What was before the first file is not looked at; every other instance begins with 1.
    if (seq > 1 && this.#instances.size > 0) numbers.missing.push({ from: 1, to: seq - 1 });
    else if (seq > 1) this.#notes.push(`the files begin with number ${seq} of ${instance}`);
    this.#instances.set(instance, numbers);
  }

  #unfinished(text: string, file: string, line: number): void {
    const last = file === this.#options.files.at(-1);
    if (last && this.#options.live) return;
    if (last)
      this.#notes.push(
        `${file} ends in ${text.length} characters of an unfinished line, which the next start sets aside`,
      );
    else this.#fault(file, line, "is not finished");
  }

  #fault(file: string, line: number, fault: string): void {
    this.#faultCount += 1;
    if (this.#faults.length < MAX_FAULTS) this.#faults.push({ file, line, fault });
  }

  conclude(log: EventLog): Audit {
    if (!log.found) this.#notes.push(`there is no ${this.#options.events}: what is missing cannot be explained`);
    this.#seeEnds(log);
    const holes = [...this.#instances].flatMap(([instance, { missing }]) =>
      missing.map((range) => explain(instance, range, log.instances.get(instance))),
    );
    const { files } = this.#options;
    return {
      files: files.length,
      bytes: this.#bytes,
      records: this.#records,
      instances: this.#instances.size,
      faults: this.#faults,
      faultCount: this.#faultCount,
      holes,
      notes: this.#notes,
      ok: this.#faultCount === 0 && holes.every(({ explained }) => explained),
    };
  }

  /** Whether each instance came as far as it said, where its end must be in these files. */
  #seeEnds({ instances, latest }: EventLog): void {
    const newest = [...this.#instances.keys()].at(-1);
    let begun = false;
    for (const [instance, { lastSeq, ended, inFlight }] of instances) {
      const numbers = this.#instances.get(instance);
      begun ||= numbers !== undefined;
      // Older than the first file: moved away, as files may be.
      if (!begun) continue;
      if (ended === "crashed") {
        this.#notes.push(
          `${instance} did not end in order: calls that ended in its last tenth of a second may be missing; ${inFlight} ran`,
        );
      } else if (ended === undefined && instance !== latest) {
        this.#notes.push(`${instance} ended without a word: whether its last records are here is not known`);
      }
      const mustBeHere = this.#options.complete || (numbers !== undefined && instance !== newest);
      if (lastSeq !== undefined && mustBeHere) this.#seeEnd(instance, lastSeq, numbers);
    }
  }

  #seeEnd(instance: string, lastSeq: number, numbers: Numbers = { first: 1, last: 0, missing: [] }): void {
    if (numbers.last >= lastSeq) return;
    numbers.missing.push({ from: numbers.last + 1, to: lastSeq });
    this.#instances.set(instance, numbers);
  }
}
