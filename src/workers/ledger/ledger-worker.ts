import { parentPort } from "node:worker_threads";
import { relayLogger } from "../../core/log.ts";
import { CostAnnotator } from "../../ledger/costs/cost-annotator.ts";
import { InFlightRecovery } from "../../ledger/in-flight/in-flight-recovery.ts";
import { LedgerCounts } from "../../ledger/writer/ledger-counts.ts";
import { Ledger } from "../../ledger/writer/ledger.ts";
import { LedgerOpenError } from "../../ledger/files/ledger-open-error.ts";
import { pendingInTail } from "../../ledger/in-flight/ledger-tail.ts";
import type { Settings } from "../../core/settings.ts";
import { openPrices } from "../../prices/prices.ts";
import { LedgerChannel } from "../data/ledger-channel.ts";
import type { RecordMessage } from "../data/record-message.ts";
import { collectStartupGarbage } from "../collect-startup-garbage.ts";
import { startHeartbeat } from "../heartbeat.ts";
import type { FromLedger, LedgerWorkerInit, ToLedger } from "../protocol.ts";

// The ledger's thread: takes batches from the data threads, adds what only it can know (what a call cost, whether an
// answer was counted before) and hands each to the operating system at once.

const STATUS_MS = 500;
/** How long a sighting of an answer that nobody announced waits: its announcement may be on its way from another thread. */
const SIGHTING_MS = 50;
const MAX_QUEUE_BYTES = 64 * 1024 * 1024;

class LedgerThread {
  readonly #ledger: Ledger;
  readonly #books: CostAnnotator;
  readonly #calls: InFlightRecovery;
  readonly #post: (message: FromLedger) => void;
  readonly #stopBeating: () => void;
  readonly #status: NodeJS.Timeout;
  readonly #links = new Set<LedgerChannel>();
  readonly #providers: ReturnType<typeof pricedProviders>;
  readonly #undecided = new Map<RecordMessage, () => void>();
  #closing = false;

  constructor(ledger: Ledger, books: CostAnnotator, init: LedgerWorkerInit, post: (message: FromLedger) => void) {
    this.#ledger = ledger;
    this.#books = books;
    this.#providers = pricedProviders(init.settings);
    this.#post = post;
    this.#stopBeating = startHeartbeat(init.heartbeat);
    this.#calls = openCalls(ledger, init, post);
    collectStartupGarbage(() => true);
    this.#status = setInterval(() => {
      this.#calls.tick();
      this.#sendStatus();
    }, STATUS_MS);
    this.#post({ kind: "open" });
    this.#sendStatus();
  }

  receive(message: ToLedger): void {
    switch (message.kind) {
      case "link":
        this.#links.add(
          new LedgerChannel(message.link, {
            ledger: this.#ledger,
            calls: this.#calls,
            take: (record, booked) => this.#take(record, booked),
            onClose: (link) => {
              this.#links.delete(link);
              this.#closeWhenDone();
            },
          }),
        );
        break;
      case "prices":
        this.#books.setPrices(openPrices({ overrides: message.overrides, providers: this.#providers }));
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

  #take(record: RecordMessage, booked: () => void): void {
    const { text, billing, once } = record;
    if (once?.kind === "sighting" && !this.#books.isPending(once)) {
      this.#wait(record, booked);
      return;
    }
    if (once?.kind === "sighting") this.#ledger.append(text, this.#books.rereadOf(once, billing));
    else {
      if (once !== undefined) this.#books.addPending(once);
      this.#ledger.append(text, this.#books.costOf(billing));
    }
    booked();
  }

  #wait(record: RecordMessage, booked: () => void): void {
    this.#undecided.set(record, booked);
    setTimeout(() => {
      this.#decide(record);
      this.#ledger.flush();
    }, SIGHTING_MS);
  }

  #decide(record: RecordMessage): void {
    const booked = this.#undecided.get(record);
    // It may have been decided when everything ended.
    if (booked === undefined || record.once === undefined) return;
    this.#undecided.delete(record);
    this.#ledger.append(record.text, this.#books.rereadOf(record.once, record.billing));
    booked();
  }

  #closeWhenDone(): void {
    if (!this.#closing || this.#links.size > 0) return;
    for (const record of this.#undecided.keys()) this.#decide(record);
    this.#closing = false;
    clearInterval(this.#status);
    this.#ledger.flush();
    this.#calls.close();
    this.#ledger.close();
    this.#sendStatus();
    this.#stopBeating();
    this.#post({ kind: "closed" });
  }

  #sendStatus(): void {
    this.#post({ kind: "status", status: { ...this.#ledger.status(), interrupted: this.#calls.interrupted } });
    const deltas = this.#books.take();
    if (deltas !== undefined) this.#post({ kind: "costs", deltas });
  }
}

function openCalls(ledger: Ledger, init: LedgerWorkerInit, post: (message: FromLedger) => void): InFlightRecovery {
  const { outputPath, fileMode } = init.settings.stats;
  const { instance, replaces } = init;
  return new InFlightRecovery(ledger, {
    path: outputPath,
    fileMode,
    instance,
    replaces: replaces && { instance: replaces.instance, seq: new LedgerCounts(replaces.counts).seq },
    now: () => Date.now(),
    log: relayLogger((entry) => post({ kind: "log", ...entry })),
  });
}

/** Only once the ledger is ours: what it ends with must not change any more. */
function openBooks({ settings, overrides }: LedgerWorkerInit, post: (message: FromLedger) => void): CostAnnotator {
  const prices = openPrices({ overrides, providers: pricedProviders(settings) });
  const pending = pendingInTail(settings.stats.outputPath);
  const fields = { prices: prices.version, overrides: settings.pricing.overridesPath, pending: pending.size };
  post({ kind: "log", level: "info", message: "prices loaded", fields });
  return new CostAnnotator(prices, pending);
}

function pricedProviders({ providers }: Settings): readonly { readonly name: string; readonly host: string }[] {
  return providers.map(({ name, upstream }) => ({ name, host: upstream.host }));
}

const parent = parentPort;
// The first message says what this thread is to do; it may come long after the code is loaded.
parent?.once("message", (init: LedgerWorkerInit) => {
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
      replaces: init.replaces?.instance,
      counts: new LedgerCounts(init.counts),
      now: () => Date.now(),
      log: relayLogger((entry) => post({ kind: "log", ...entry })),
    });
    const thread = new LedgerThread(ledger, openBooks(init, post), init, post);
    parent.on("message", (message: ToLedger) => thread.receive(message));
  } catch (error) {
    if (!(error instanceof LedgerOpenError)) throw error;
    post({ kind: "open-failed", message: error.message, retryAfterMs: error.retryAfterMs });
  }
});
