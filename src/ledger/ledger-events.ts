import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { errorCode } from "./errno.ts";
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
    const { event: name, ...facts } = event;
    const at = new Date(this.#options.now()).toISOString();
    this.#waiting.push(`${JSON.stringify({ at, event: name, ...facts })}\n`);
    this.flush();
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
