import { parentPort, workerData } from "node:worker_threads";
import { Bookkeeper } from "../ledger/bookkeeper.ts";
import { Ledger } from "../ledger/ledger.ts";
import { LedgerOpenError } from "../ledger/ledger-open-error.ts";
import { pendingInTail } from "../ledger/ledger-tail.ts";
import { openPrices } from "../prices/prices.ts";
import type { Handover } from "./handover.ts";
import { startBeating } from "./heartbeat.ts";
import type { FromLedger, LedgerLink, LedgerThreadInit, ToLedger, ToLedgerFromData } from "./protocol.ts";

// The ledger's thread: takes batches from the data threads, adds what only it can know (what a call cost, whether an
// answer was counted before) and hands each to the operating system at once.

const STATUS_MS = 500;
/** How long a sighting of an answer that nobody announced waits: its announcement may be on its way from another thread. */
const SIGHTING_MS = 50;
const MAX_QUEUE_BYTES = 64 * 1024 * 1024;

class LedgerThread {
  readonly #ledger: Ledger;
  readonly #books: Bookkeeper;
  readonly #post: (message: FromLedger) => void;
  readonly #stopBeating: () => void;
  readonly #status: NodeJS.Timeout;
  readonly #links = new Set<LedgerLink>();
  readonly #undecided = new Set<Handover>();
  #closing = false;

  constructor(ledger: Ledger, books: Bookkeeper, init: LedgerThreadInit, post: (message: FromLedger) => void) {
    this.#ledger = ledger;
    this.#books = books;
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
      case "rotate":
        this.#post({ kind: "rotated", segment: this.#ledger.rotate() });
        this.#sendStatus();
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
        length += record.text.length;
        this.#take(record);
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

  #take(record: Handover): void {
    const { text, billing, once } = record;
    if (once?.kind === "sighting") {
      if (this.#books.isPending(once)) this.#ledger.append(text, this.#books.decided(once, billing));
      else this.#wait(record);
      return;
    }
    if (once !== undefined) this.#books.pending(once);
    this.#ledger.append(text, this.#books.priced(billing));
  }

  #wait(record: Handover): void {
    this.#undecided.add(record);
    setTimeout(() => {
      this.#decide(record);
      this.#ledger.flush();
    }, SIGHTING_MS);
  }

  #decide(record: Handover): void {
    // It may have been decided when everything ended.
    if (!this.#undecided.delete(record) || record.once === undefined) return;
    this.#ledger.append(record.text, this.#books.decided(record.once, record.billing));
  }

  #closeWhenDone(): void {
    if (!this.#closing || this.#links.size > 0) return;
    for (const record of this.#undecided) this.#decide(record);
    this.#closing = false;
    clearInterval(this.#status);
    this.#ledger.close();
    this.#sendStatus();
    this.#stopBeating();
    this.#post({ kind: "closed" });
  }

  #sendStatus(): void {
    this.#post({ kind: "status", status: this.#ledger.status() });
    const accounts = this.#books.take();
    if (accounts !== undefined) this.#post({ kind: "accounts", accounts });
  }
}

/** Only once the ledger is ours: what it ends with must not change any more. */
function openBooks({ settings, overrides }: LedgerThreadInit, post: (message: FromLedger) => void): Bookkeeper {
  const providers = settings.providers.map(({ name, upstream }) => ({ name, host: upstream.host }));
  const prices = openPrices({ overrides, providers });
  const pending = pendingInTail(settings.stats.outputPath);
  const facts = { prices: prices.version, overrides: settings.pricing.overridesPath, pending: pending.size };
  post({ kind: "log", level: "info", message: "prices loaded", facts });
  return new Bookkeeper(prices, pending);
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
    const thread = new LedgerThread(ledger, openBooks(init, post), init, post);
    parent.on("message", (message: ToLedger) => thread.receive(message));
  } catch (error) {
    if (!(error instanceof LedgerOpenError)) throw error;
    post({ kind: "open-failed", message: error.message, retryAfterMs: error.retryAfterMs });
  }
}
