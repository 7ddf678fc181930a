import type { Logger } from "../core/log.ts";
import type { RecentRejection } from "../core/counters/status.ts";
import type { Rejection } from "../core/request/rejection.ts";
import { gatewayError } from "../proxy/admission/error-responses.ts";
import type { RejectionNote } from "../workers/protocol/messages.ts";

const MAX_RECENT = 100;
/** A flood of bad keys must not become a flood of log lines. */
const MAX_LINES_PER_SECOND = 10;

/** Requests that LMGate rejected: the latest 100 for the status, a sample for the log. */
export class RejectionLog {
  readonly #log: Logger;
  readonly #recent: RecentRejection[] = [];
  #second = 0;
  #lines = 0;
  #unlogged = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  get recent(): readonly RecentRejection[] {
    return this.#recent;
  }

  add(notes: readonly RejectionNote[], unlisted: number, now: number): void {
    this.#unlogged += unlisted;
    for (const note of notes) {
      const rejection = toRecent(note);
      this.#recent.unshift(rejection);
      this.#write(rejection, now);
    }
    this.#recent.length = Math.min(this.#recent.length, MAX_RECENT);
  }

  #write(rejection: RecentRejection, now: number): void {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    if (this.#lines >= MAX_LINES_PER_SECOND) {
      this.#unlogged++;
      return;
    }
    this.#lines++;
    const more = this.#unlogged > 0 ? { notLogged: this.#unlogged } : {};
    this.#unlogged = 0;
    this.#log.warn({ ...rejection, ...more }, "rejected");
  }
}

function toRecent(note: RejectionNote): RecentRejection {
  const error = gatewayError(note.rejection);
  return {
    at: new Date(note.at).toISOString(),
    status: error.status,
    code: error.code,
    reason: reasonOf(note.rejection),
    maskedKey: note.maskedKey,
    prefix: note.prefix,
    clientIp: note.clientIp,
  };
}

function reasonOf(rejection: Rejection): RecentRejection["reason"] {
  if (rejection.kind === "forbidden") return rejection.reason;
  return "spoken" in rejection ? rejection.spoken : undefined;
}
