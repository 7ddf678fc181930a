import type { RejectedRequest } from "../../proxy/admission/proxy-context.ts";
import type { RejectionNote } from "../protocol/messages.ts";

/** Per report, and there is one a second: enough to show what is happening, too few to flood the log. */
const MAX_NOTES = 20;

/** The latest rejected requests of a data worker. Those beyond the limit are only counted. */
export class RejectionNotes {
  #notes: RejectionNote[] = [];
  #unlisted = 0;

  add(rejected: RejectedRequest, at: number): void {
    if (this.#notes.length < MAX_NOTES) this.#notes.push({ at, ...rejected });
    else this.#unlisted++;
  }

  /** What was added since the last time; `undefined` if nothing was. */
  take(): { rejected: readonly RejectionNote[]; unlisted: number } | undefined {
    if (this.#notes.length === 0) return undefined;
    const taken = { rejected: this.#notes, unlisted: this.#unlisted };
    this.#notes = [];
    this.#unlisted = 0;
    return taken;
  }
}
