import { closeSync, fdatasyncSync, fstatSync, openSync, writeSync } from "node:fs";
import { errorCode } from "../../core/errno.ts";
import { tornBytes } from "../../jsonl/torn-line.ts";
import type { LedgerEvent } from "./ledger-event.ts";

export interface EventWriterOptions {
  readonly path: string;
  readonly mode: number;
  readonly now: () => number;
}

/** Events queue up only while the disk cannot be written at all; the first ones then say the most. */
const MAX_QUEUED = 1_000;

/** Appends events to their file. It opens the file for each event, so that other programs may rotate it at any time. */
export class EventWriter {
  readonly #options: EventWriterOptions;
  #queued: string[] = [];
  /** True if the file ends in a torn line; `undefined` before the first write, when a crashed process may have left one. */
  #torn: boolean | undefined;

  constructor(options: EventWriterOptions) {
    this.#options = options;
  }

  /** Writes the event now if possible, otherwise with the next write that succeeds. */
  add(event: LedgerEvent): void {
    if (this.#queued.length >= MAX_QUEUED) return;
    this.#queued.push(this.#line(event));
    this.flush();
  }

  /** Writes the events now, or drops them and returns false. */
  tryAdd(events: readonly LedgerEvent[]): boolean {
    const queued = this.#queued;
    this.#queued = [...queued, ...events.map((event) => this.#line(event))];
    this.flush();
    if (this.#queued.length === 0) return true;
    this.#queued = queued;
    return false;
  }

  /** Retries what could not be written before. */
  flush(): void {
    if (this.#queued.length === 0) return;
    try {
      this.#write(this.#queued.join(""));
      this.#queued = [];
      this.#torn = false;
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
    }
  }

  #line({ event, ...fields }: LedgerEvent): string {
    return `${JSON.stringify({ at: new Date(this.#options.now()).toISOString(), event, ...fields })}\n`;
  }

  #write(text: string): void {
    const { path, mode } = this.#options;
    const fd = openSync(path, this.#torn === undefined ? "a+" : "a", mode);
    try {
      this.#torn ??= tornBytes(fd, fstatSync(fd).size) > 0;
      const bytes = Buffer.from((this.#torn ? "\n" : "") + text);
      let written = 0;
      while (written < bytes.length) {
        written += writeSync(fd, bytes, written);
        this.#torn = written < bytes.length;
      }
      syncIfPossible(fd);
    } finally {
      closeSync(fd);
    }
  }
}

/** The events are written in any case; some file systems cannot sync, and a failed sync must not repeat the events. */
function syncIfPossible(fd: number): void {
  try {
    fdatasyncSync(fd);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}
