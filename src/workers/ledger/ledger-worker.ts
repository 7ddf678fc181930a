import { parentPort } from "node:worker_threads";
import { relayLogger } from "../../core/log.ts";
import { RecordCounters } from "../../core/counters/record-counters.ts";
import { CostAnnotator } from "../../ledger/costs/cost-annotator.ts";
import { InFlightRecovery } from "../../ledger/in-flight/in-flight-recovery.ts";
import { LedgerCounts } from "../../ledger/writer/ledger-counts.ts";
import { Ledger } from "../../ledger/writer/ledger.ts";
import { LedgerOpenError } from "../../ledger/files/ledger-open-error.ts";
import { pendingInTail } from "../../ledger/in-flight/ledger-tail.ts";
import { snapshotRecord } from "../../proxy/recording/snapshot-text.ts";
import type { Settings } from "../../config/settings.ts";
import { openPrices } from "../../prices/prices.ts";
import { DataWorkerChannel } from "./data-worker-channel.ts";
import type { RecordMessage } from "../protocol/record-message.ts";
import { collectStartupGarbage } from "../supervision/collect-startup-garbage.ts";
import { startHeartbeat } from "../supervision/heartbeat.ts";
import type { FromLedger, LedgerWorkerInit, ToLedger } from "../protocol/messages.ts";

// The entry of the ledger worker: receives batches of records from the data workers, makes those that they left to it,
// adds what only it knows (the cost, and whether a response was counted before) and writes each batch to the stats file
// at once.

const STATUS_MS = 500;
/** A fetched response that no record has announced waits this long: its record may be on its way from another worker. */
const REREAD_WAIT_MS = 50;
/** How long closing waits for a lock to expire, so that the records in memory can still be written. */
const LOCK_WAIT_MS = 8_000;
const LOCK_CHECK_MS = 250;
const MAX_QUEUE_BYTES = 64 * 1024 * 1024;

class LedgerWorker {
  readonly #ledger: Ledger;
  readonly #costs: CostAnnotator;
  readonly #recovery: InFlightRecovery;
  readonly #post: (message: FromLedger) => void;
  readonly #stopHeartbeat: () => void;
  readonly #status: NodeJS.Timeout;
  readonly #counters = new RecordCounters();
  readonly #channels = new Set<DataWorkerChannel>();
  readonly #providers: ReturnType<typeof pricedProviders>;
  readonly #waiting = new Map<RecordMessage, () => void>();
  #closing = false;
  #closeBy = 0;

  constructor(ledger: Ledger, costs: CostAnnotator, init: LedgerWorkerInit, post: (message: FromLedger) => void) {
    this.#ledger = ledger;
    this.#costs = costs;
    this.#providers = pricedProviders(init.settings);
    this.#post = post;
    this.#stopHeartbeat = startHeartbeat(init.heartbeat);
    this.#recovery = openRecovery(ledger, init, post);
    collectStartupGarbage(() => true);
    this.#status = setInterval(() => {
      this.#recovery.tick();
      this.#sendStatus();
    }, STATUS_MS);
    this.#post({ kind: "open" });
    this.#sendStatus();
  }

  receive(message: ToLedger): void {
    switch (message.kind) {
      case "link":
        this.#channels.add(
          new DataWorkerChannel(message.link, {
            ledger: this.#ledger,
            recovery: this.#recovery,
            counters: this.#counters,
            append: (record, consumed) => this.#append(record, consumed),
            onClose: (channel) => {
              this.#channels.delete(channel);
              this.#closeWhenDone();
            },
          }),
        );
        break;
      case "prices":
        this.#costs.setPrices(openPrices({ overrides: message.overrides, providers: this.#providers }));
        break;
      case "rotate":
        this.#post({ kind: "rotated", segment: this.#ledger.rotate() });
        this.#sendStatus();
        break;
      case "close":
        this.#closing = true;
        this.#closeBy = performance.now() + LOCK_WAIT_MS;
        this.#closeWhenDone();
        break;
    }
  }

  #append(record: RecordMessage, consumed: () => void): void {
    const { text, billing, dedupKey } = record;
    if (dedupKey?.kind === "reread" && !this.#costs.isPending(dedupKey)) {
      this.#wait(record, consumed);
      return;
    }
    if (dedupKey?.kind === "reread") this.#ledger.append(text, this.#costs.rereadOf(dedupKey, billing));
    else {
      if (dedupKey !== undefined) this.#costs.addPending(dedupKey);
      this.#ledger.append(text, this.#costs.costOf(billing));
    }
    consumed();
  }

  #wait(record: RecordMessage, consumed: () => void): void {
    this.#waiting.set(record, consumed);
    setTimeout(() => {
      this.#decide(record);
      this.#ledger.flush();
    }, REREAD_WAIT_MS);
  }

  #decide(record: RecordMessage): void {
    const consumed = this.#waiting.get(record);
    // The record may have been decided when the ledger closed.
    if (consumed === undefined || record.dedupKey === undefined) return;
    this.#waiting.delete(record);
    this.#ledger.append(record.text, this.#costs.rereadOf(record.dedupKey, record.billing));
    consumed();
  }

  #closeWhenDone(): void {
    if (!this.#closing || this.#channels.size > 0) return;
    for (const record of this.#waiting.keys()) this.#decide(record);
    if (this.#ledger.isWaitingForLock && !this.#ledger.isDrained && performance.now() < this.#closeBy) {
      setTimeout(() => this.#closeWhenDone(), LOCK_CHECK_MS);
      return;
    }
    this.#closing = false;
    clearInterval(this.#status);
    this.#ledger.flush();
    this.#recovery.close();
    this.#ledger.close();
    this.#sendStatus();
    this.#stopHeartbeat();
    this.#post({ kind: "closed" });
  }

  #sendStatus(): void {
    this.#post({ kind: "status", status: { ...this.#ledger.status(), interrupted: this.#recovery.interrupted } });
    const costs = this.#costs.take();
    if (costs !== undefined) this.#post({ kind: "costs", costs });
    if (!this.#counters.isEmpty) this.#post({ kind: "recorded", recorded: this.#counters.take() });
  }
}

function openRecovery(ledger: Ledger, init: LedgerWorkerInit, post: (message: FromLedger) => void): InFlightRecovery {
  const { outputPath, fileMode } = init.settings.stats;
  const { instance, replaces } = init;
  return new InFlightRecovery(ledger, {
    path: outputPath,
    fileMode,
    instance,
    replaces: replaces && { instance: replaces.instance, seq: new LedgerCounts(replaces.counts).seq },
    recordOf: snapshotRecord,
    now: () => Date.now(),
    log: relayLogger((entry) => post({ kind: "log", ...entry })),
  });
}

/** Call this only after the ledger is open: opening repairs the end of the file, which this reads. */
function openCosts({ settings, overrides }: LedgerWorkerInit, post: (message: FromLedger) => void): CostAnnotator {
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
// The first message starts the work. It may come long after the code is loaded.
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
      onMoved: () => post({ kind: "moved" }),
      now: () => Date.now(),
      log: relayLogger((entry) => post({ kind: "log", ...entry })),
    });
    const worker = new LedgerWorker(ledger, openCosts(init, post), init, post);
    parent.on("message", (message: ToLedger) => worker.receive(message));
  } catch (error) {
    if (!(error instanceof LedgerOpenError)) throw error;
    post({ kind: "open-failed", message: error.message });
  }
});
