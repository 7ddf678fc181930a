/** What the simulated providers really answered: the oracle that records are compared with. */
import { crc32 } from "node:zlib";

export type ProviderName = "openai" | "anthropic" | "google";

/** Counters as the provider writes them, in its own sense. `null`: not written out. */
export interface Counters {
  readonly input: number | null;
  readonly output: number | null;
  readonly cached: number | null;
  readonly written: number | null;
  readonly reasoning: number | null;
  readonly tooling: number | null;
}

export type Ending = "running" | "complete" | "aborted" | "cut" | "failed";

export interface AnsweredCall extends Counters {
  /** The id in the answer (`chatcmpl-…`, `resp_…`, `msg_…`, Google's `responseId`); the request id where the body has none. */
  readonly id: string;
  readonly requestId: string;
  readonly provider: ProviderName;
  readonly operation: string;
  /** As in the answer. */
  readonly model: string;
  readonly path: string;
  readonly stream: boolean;
  readonly status: number;
  /** `aborted`: the caller left; `cut` and `failed`: as directed. */
  readonly ending: Ending;
  /** The body so far, before any transfer coding: its length and its checksum. */
  readonly bodyBytes: number;
  readonly bodyCrc: number;
}

const nothingCounted: Counters = {
  input: null,
  output: null,
  cached: null,
  written: null,
  reasoning: null,
  tooling: null,
};

/** One call under way: counters are noted as the frames that carry them are written. */
export interface OpenCall {
  tell(counters: Partial<Counters>): void;
  /** A piece of the body was written. */
  wrote(piece: string | Buffer): void;
  end(ending: Ending): void;
}

/** What is known of a call when it begins to be answered. */
export type Beginning = Omit<AnsweredCall, keyof Counters | "ending" | "bodyBytes" | "bodyCrc">;

type Entry = { -readonly [Field in keyof AnsweredCall]: AnsweredCall[Field] };

export class CallLedger {
  #calls: Entry[] = [];
  #ended = 0;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  open(call: Beginning): OpenCall {
    const entry: Entry = { ...call, ...nothingCounted, ending: "running", bodyBytes: 0, bodyCrc: 0 };
    this.#calls.push(entry);
    return {
      tell: (counters) => {
        if (entry.ending === "running") Object.assign(entry, counters);
      },
      wrote: (piece) => {
        entry.bodyBytes += Buffer.byteLength(piece);
        entry.bodyCrc = crc32(piece, entry.bodyCrc);
      },
      end: (ending) => {
        if (entry.ending !== "running") return; // The first end is the true one: a socket closes after each of them.
        entry.ending = ending;
        this.#ended += 1;
        this.#notify();
      },
    };
  }

  /** In the order in which they began. */
  calls(): readonly AnsweredCall[] {
    return this.#calls.map((call) => ({ ...call }));
  }

  /** Resolves once `count` calls have ended, however they ended. */
  ended(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#notify();
    });
  }

  /** Forgets what has ended: a benchmark would otherwise keep every call in memory. */
  clear(): void {
    this.#calls = this.#calls.filter((call) => call.ending === "running");
    this.#ended = 0;
  }

  #notify(): void {
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.#ended < count) return true;
      resolve();
      return false;
    });
  }
}
