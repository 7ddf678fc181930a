import type { Refused } from "../../proxy/admission/admit.ts";
import type { RejectionNote } from "../protocol.ts";

/** Per report, which goes out once a second: enough to see what is happening, too few to be a way to flood a log. */
const MAX_NOTES = 20;

/** The latest refusals of a data thread, bounded; the rest is only counted. */
export class RefusalNotes {
  #notes: RejectionNote[] = [];
  #unlisted = 0;

  add(refused: Refused, at: number): void {
    if (this.#notes.length < MAX_NOTES) this.#notes.push({ at, ...refused });
    else this.#unlisted++;
  }

  /** What came since the last time; `undefined` for nothing. */
  take(): { refused: readonly RejectionNote[]; unlisted: number } | undefined {
    if (this.#notes.length === 0) return undefined;
    const taken = { refused: this.#notes, unlisted: this.#unlisted };
    this.#notes = [];
    this.#unlisted = 0;
    return taken;
  }
}
