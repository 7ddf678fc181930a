import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { errorCode } from "../../core/errno.ts";
import type { LedgerEvent } from "./ledger-event.ts";

export interface LedgerEventsOptions {
  readonly path: string;
  readonly mode: number;
  readonly now: () => number;
}

/** More than this can only wait while nothing at all can be written; the oldest then say most. */
const MAX_WAITING = 1_000;

/** The file of events. They are few: it is opened for each, and whoever rotates it is not in our way. */
export class LedgerEvents {
  readonly #options: LedgerEventsOptions;
  #waiting: string[] = [];
  #torn = false;

  constructor(options: LedgerEventsOptions) {
    this.#options = options;
  }

  /** Writes it down now, or with the next that can be written. */
  add(event: LedgerEvent): void {
    if (this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push(this.#line(event));
    this.flush();
  }

  /** Writes them down now, or not at all; returns whether. */
  addNow(events: readonly LedgerEvent[]): boolean {
    const waiting = this.#waiting;
    this.#waiting = [...waiting, ...events.map((event) => this.#line(event))];
    this.flush();
    if (this.#waiting.length === 0) return true;
    this.#waiting = waiting;
    return false;
  }

  /** Tries again what could not be written. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    try {
      this.#write(Buffer.from((this.#torn ? "\n" : "") + this.#waiting.join("")));
      this.#waiting = [];
      this.#torn = false;
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
    }
  }

  #line({ event, ...facts }: LedgerEvent): string {
    return `${JSON.stringify({ at: new Date(this.#options.now()).toISOString(), event, ...facts })}\n`;
  }

  #write(bytes: Buffer): void {
    const fd = openSync(this.#options.path, "a", this.#options.mode);
    try {
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

/** They are written all the same; a file system that cannot sync, or fails at it, makes them no less true. */
function syncIfPossible(fd: number): void {
  try {
    fdatasyncSync(fd);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}
