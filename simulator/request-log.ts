/** The responses that the simulated providers sent, to compare records with. */
import { crc32 } from "node:zlib";

export type ProviderName = "openai" | "anthropic" | "google";

/** Counters as the provider defines and writes them. `null`: not written. */
export interface Counters {
  readonly input: number | null;
  readonly output: number | null;
  readonly cached: number | null;
  readonly written: number | null;
  readonly reasoning: number | null;
  readonly tooling: number | null;
}

export type Ending = "running" | "complete" | "aborted" | "cut" | "failed";

export interface LoggedRequest extends Counters {
  /** The id in the response (`chatcmpl-…`, `resp_…`, `msg_…`, Google's `responseId`), or the request id if the body has none. */
  readonly id: string;
  readonly requestId: string;
  readonly provider: ProviderName;
  readonly operation: string;
  /** As in the response. */
  readonly model: string;
  readonly path: string;
  readonly stream: boolean;
  readonly status: number;
  /** `aborted`: the client left; `cut` and `failed`: as directed. */
  readonly ending: Ending;
  /** Length and checksum of the body written so far, before transfer coding. */
  readonly bodyBytes: number;
  readonly bodyCrc: number;
}

const NO_COUNTERS: Counters = {
  input: null,
  output: null,
  cached: null,
  written: null,
  reasoning: null,
  tooling: null,
};

/** One request that is running. Counters are logged when the frame that contains them is written. */
export interface OpenEntry {
  count(counters: Partial<Counters>): void;
  /** Logs a piece of the body. */
  wrote(piece: string | Buffer): void;
  end(ending: Ending): void;
}

/** The fields known when the response begins. */
export type RequestStart = Omit<LoggedRequest, keyof Counters | "ending" | "bodyBytes" | "bodyCrc">;

type Entry = { -readonly [Field in keyof LoggedRequest]: LoggedRequest[Field] };

export class RequestLog {
  #requests: Entry[] = [];
  #ended = 0;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  open(request: RequestStart): OpenEntry {
    const entry: Entry = { ...request, ...NO_COUNTERS, ending: "running", bodyBytes: 0, bodyCrc: 0 };
    this.#requests.push(entry);
    return {
      count: (counters) => {
        if (entry.ending === "running") Object.assign(entry, counters);
      },
      wrote: (piece) => {
        entry.bodyBytes += Buffer.byteLength(piece);
        entry.bodyCrc = crc32(piece, entry.bodyCrc);
      },
      end: (ending) => {
        if (entry.ending !== "running") return; // Only the first end counts, because the socket closes after every end.
        entry.ending = ending;
        this.#ended += 1;
        this.#notify();
      },
    };
  }

  /** Sorted by their beginning. */
  requests(): readonly LoggedRequest[] {
    return this.#requests.map((request) => ({ ...request }));
  }

  /** Resolves once `count` requests have ended, however they ended. */
  ended(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#notify();
    });
  }

  /** Removes ended requests, so that a benchmark does not keep them all in memory. */
  clear(): void {
    this.#requests = this.#requests.filter((request) => request.ending === "running");
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
