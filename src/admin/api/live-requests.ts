import { setTimeout as delay } from "node:timers/promises";
import { recordOnLine } from "../../core/request/record-line.ts";
import { clientAppOf } from "../../store/schema/client-app.ts";
import { matchesFilters } from "./match-record.ts";
import type { Filter } from "../../store/schema/query.ts";
import type { TimeZone } from "../../store/time/time-zone.ts";
import type { RequestRow } from "./contract.ts";
import type { SendEvent } from "../server/sse-response.ts";
import { FileFollower } from "../../jsonl/follow-file.ts";

export interface LiveRequestOptions {
  readonly filters: readonly Filter[];
  /** In which filters on days, hours and weekdays are read. */
  readonly zone: TimeZone;
  /** Most requests a second. Further ones are counted but not sent. */
  readonly rate: number;
}

interface Listener extends LiveRequestOptions {
  readonly send: SendEvent;
  sent: number;
  skipped: number;
}

const POLL_MS = 200;
const SECOND = 1000;

/** Streams new records to the listeners of live requests. It reads the stats file only while there are listeners. */
export class LiveRequests {
  readonly #path: string;
  readonly #listeners = new Set<Listener>();
  /** Resolves once the file is followed, so that no later request is missed. Never rejects. */
  #following: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Returns a function that ends it. The first event, `alive`, means that no request is missed from then on. */
  listen(listening: LiveRequestOptions, send: SendEvent): () => void {
    const listener = { ...listening, send, sent: 0, skipped: 0 };
    this.#listeners.add(listener);
    this.#following ??= this.#begin();
    void this.#following.then(() => send("alive", {}));
    return () => void this.#listeners.delete(listener);
  }

  async #begin(): Promise<void> {
    const tail = new FileFollower(this.#path);
    // A file that cannot be read now is tried again with the next poll.
    await tail.begin().catch(() => tail.close());
    void this.#follow(tail);
  }

  async #follow(tail: FileFollower): Promise<void> {
    const second = setInterval(() => this.#startSecond(), SECOND).unref();
    while (this.#listeners.size > 0) {
      try {
        for await (const line of tail.lines()) this.#publish(line);
      } catch {
        // Following continues at the same position once the file can be read again.
        await tail.close();
      }
      await delay(POLL_MS, undefined, { ref: false });
    }
    clearInterval(second);
    this.#following = undefined;
    await tail.close();
  }

  #publish(line: string): void {
    const record = recordOnLine(line);
    if (record === undefined) return;
    const client_app = clientAppOf(record.user_agent) ?? null;
    const row: RequestRow = { ...record, client_app: client_app ?? "unknown" };
    for (const listener of this.#listeners) {
      if (!matchesFilters({ ...record, client_app }, listener.filters, listener.zone)) continue;
      if (listener.sent < listener.rate && listener.send("call", row)) listener.sent++;
      else listener.skipped++;
    }
  }

  #startSecond(): void {
    for (const listener of this.#listeners) {
      if (listener.skipped > 0 && listener.send("skipped", { count: listener.skipped })) listener.skipped = 0;
      listener.sent = 0;
    }
  }
}
