import { parentPort, workerData } from "node:worker_threads";
import { Ledger } from "../ledger/ledger.ts";
import { LedgerOpenError } from "../ledger/ledger-open-error.ts";
import { startBeating } from "./heartbeat.ts";
import type { FromLedger, LedgerLink, LedgerThreadInit, ToLedger, ToLedgerFromData } from "./protocol.ts";

// The ledger's thread: takes batches from the data threads and hands each to the operating system at once.

const STATUS_MS = 500;
const MAX_QUEUE_BYTES = 64 * 1024 * 1024;

class LedgerThread {
  readonly #ledger: Ledger;
  readonly #post: (message: FromLedger) => void;
  readonly #stopBeating: () => void;
  readonly #status: NodeJS.Timeout;
  readonly #links = new Set<LedgerLink>();
  #closing = false;

  constructor(ledger: Ledger, init: LedgerThreadInit, post: (message: FromLedger) => void) {
    this.#ledger = ledger;
    this.#post = post;
    this.#stopBeating = startBeating(init.heartbeat);
    this.#status = setInterval(() => this.#sendStatus(), STATUS_MS);
    this.#post({ kind: "open" });
    this.#sendStatus();
  }

  receive(message: ToLedger): void {
    switch (message.kind) {
      case "link":
        this.#listen(message.link);
        break;
      case "close":
        this.#closing = true;
        this.#closeWhenDone();
        break;
    }
  }

  #listen(link: LedgerLink): void {
    this.#links.add(link);
    const taken = new Int32Array(link.taken);
    link.port.on("message", (message: ToLedgerFromData) => {
      if ("end" in message) {
        link.port.close();
        return;
      }
      let length = 0;
      for (const record of message.records) {
        length += record.length;
        this.#ledger.append(record);
      }
      this.#ledger.flush();
      Atomics.add(taken, 0, length);
    });
    // Also when the data thread dies: what it had posted has been read by then.
    link.port.on("close", () => {
      this.#links.delete(link);
      this.#closeWhenDone();
    });
  }

  #closeWhenDone(): void {
    if (!this.#closing || this.#links.size > 0) return;
    this.#closing = false;
    clearInterval(this.#status);
    this.#ledger.close();
    this.#sendStatus();
    this.#stopBeating();
    this.#post({ kind: "closed" });
  }

  #sendStatus(): void {
    this.#post({ kind: "status", status: this.#ledger.status() });
  }
}

const parent = parentPort;
if (parent !== null) {
  const init = workerData as LedgerThreadInit; // written by the supervisor, which has the same type
  const { stats } = init.settings;
  const post = (message: FromLedger): void => parent.postMessage(message);
  try {
    const ledger = Ledger.open({
      path: stats.outputPath,
      flushIntervalMs: stats.flushIntervalMs,
      rotateBytes: stats.rotateBytes,
      fileMode: stats.fileMode,
      maxQueueBytes: MAX_QUEUE_BYTES,
      instance: init.instance,
      ...(init.replaces === undefined ? {} : { replaces: init.replaces }),
      now: () => Date.now(),
      log: (level, message, facts) => post({ kind: "log", level, message, facts: facts ?? {} }),
    });
    const thread = new LedgerThread(ledger, init, post);
    parent.on("message", (message: ToLedger) => thread.receive(message));
  } catch (error) {
    if (!(error instanceof LedgerOpenError)) throw error;
    post({ kind: "open-failed", message: error.message, retryAfterMs: error.retryAfterMs });
  }
}
