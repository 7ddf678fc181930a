import type { Logger } from "../../core/log.ts";
import { prune } from "../files/retention.ts";
import { Store } from "../files/store.ts";
import type { LocatedStore } from "../files/store-directory.ts";
import { StoreBusy } from "../files/store-lock.ts";

// Keeps a store up to date beside a running gateway.

export interface StoreRefresherOptions {
  readonly settings: LocatedStore;
  readonly ledgerPath: string;
  readonly now: () => number;
  readonly log: Logger;
  /** The store cannot continue in this process. */
  readonly onBroken: (error: unknown) => void;
}

/** A query brings the store up to date itself; between queries rare, large batches cost least. */
const POLL_MS = 5000;
/** A state this young is treated as current. */
const FRESH_MS = 20;
/** With less than this in memory, it is not written to Parquet: a command reads that much from the ledger quickly. */
const COMPACT_BYTES = 16 * 1024 * 1024;
const BULK_BYTES = 96 * 1024 * 1024;
/** Small amounts are written to Parquet as well, but seldom, because each write adds a file. */
const SMALL_BYTES = 1024 * 1024;
const SMALL_EVERY_MS = 10 * 60_000;
const RETRY_MS = 60_000;
/** While Parquet cannot be written, no more than this is read into memory. */
const MAX_LIVE_BYTES = 256 * 1024 * 1024;
const PRUNE_EVERY_MS = 60 * 60_000;

export class StoreRefresher {
  readonly #options: StoreRefresherOptions;
  readonly #store: Store;
  #poll: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #freshAt = -Infinity;
  #refreshing: Promise<void> | undefined;
  #compactedAt: number;
  #failedAt = -Infinity;
  #prunedAt: number;
  #isReported = false;
  #readBytes = 0;
  #totalBytes = 0;
  /** Since this time nothing is missing, while the first read runs. */
  #completeSince = Infinity;
  #completed = Promise.withResolvers<void>();
  readonly #onCompleteSince = (epochMs: number): void => {
    this.#completeSince = Math.min(this.#completeSince, epochMs);
    this.#completed.resolve();
    this.#completed = Promise.withResolvers();
  };
  readonly #onProgress = (done: number, total: number): void => {
    this.#readBytes = done;
    this.#totalBytes = total;
  };

  private constructor(options: StoreRefresherOptions, store: Store) {
    this.#options = options;
    this.#store = store;
    this.#compactedAt = options.now();
    // Not at once, because the gateway is starting.
    this.#prunedAt = options.now() - PRUNE_EVERY_MS + RETRY_MS;
  }

  static async start(options: StoreRefresherOptions, spillDirectory: string): Promise<StoreRefresher> {
    const { settings, ledgerPath, now, log } = options;
    const { memoryMegabytes, threads, path } = settings;
    const store = await Store.open({
      ledgerPath,
      directory: path,
      memoryMegabytes,
      threads,
      spillDirectory,
      now,
      onSetAside: (moved) =>
        log.warn(
          moved,
          "the query store could not be used; it was set aside, and a new one is built from the stats files",
        ),
    });
    const refresher = new StoreRefresher(options, store);
    refresher.#reportDamage();
    refresher.#schedule();
    return refresher;
  }

  get store(): Store {
    return this.#store;
  }

  /** True if everything that the ledger held was read at least once. */
  get hasCaughtUp(): boolean {
    return this.#freshAt > -Infinity;
  }

  /** How far the running read is, such as "34 % of 250 MB"; empty before it is known. */
  get progress(): string {
    if (this.#totalBytes === 0) return "";
    const percent = Math.floor((100 * this.#readBytes) / this.#totalBytes);
    const since = this.#completeSince;
    const complete = since === Infinity ? "" : `; what is later than ${new Date(since).toISOString()} can be queried`;
    return `${percent} % of ${Math.ceil(this.#totalBytes / 1e6)} MB${complete}`;
  }

  /**
   * Resolves to true once nothing is missing of what is later than `from` (epoch milliseconds), as of a moment after the
   * store was opened; or to false after the deadline. The newest segments are read first.
   */
  async isCompleteSince(from: number, deadlineMs: number): Promise<boolean> {
    const deadline = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => deadline.resolve(false), deadlineMs);
    const whole = this.bringUpToDate(deadlineMs);
    try {
      for (;;) {
        if (this.#completeSince <= from) return true;
        const completed = this.#completed.promise.then(() => undefined);
        const isComplete = await Promise.race([whole, deadline.promise, completed]);
        if (isComplete !== undefined) return isComplete;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Resolves to true once everything that the ledger held when it was called has been read, or to false after the
   * deadline.
   */
  async bringUpToDate(deadlineMs: number): Promise<boolean> {
    if (this.#options.now() - this.#freshAt < FRESH_MS) return true;
    // A refresh that is already running may have looked at the ledger too early.
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), deadlineMs);
    const fresh = (this.#refreshing ?? Promise.resolve()).then(() => this.#refresh()).then(() => true);
    try {
      return await Promise.race([fresh, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes what is in memory, unless it is little, and closes the store. */
  async close(): Promise<void> {
    clearTimeout(this.#poll);
    this.#poll = undefined;
    await this.#working;
    await this.#refreshing;
    try {
      if (this.#store.liveBytes >= SMALL_BYTES) await this.#store.compact();
    } catch (error) {
      this.#failed(error);
    }
    await this.#store.close();
  }

  #reportDamage(): void {
    const files = this.#store.damaged.map(({ calls }) => calls);
    if (files.length === 0) return;
    this.#options.log.warn({ files }, "damaged or missing store files; rebuilding from the stats files");
  }

  #schedule(): void {
    this.#poll = setTimeout(() => {
      this.#working = this.#work();
    }, POLL_MS);
  }

  async #work(): Promise<void> {
    await this.#refresh();
    await this.#tidy();
    if (this.#poll !== undefined) this.#schedule();
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#readLedger().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #readLedger(): Promise<void> {
    const began = this.#options.now();
    const mayCompact = began - this.#failedAt > RETRY_MS;
    if (!mayCompact && this.#store.liveBytes > MAX_LIVE_BYTES) return;
    try {
      await this.#store.refresh({
        compactAt: mayCompact ? BULK_BYTES : undefined,
        onProgress: this.#onProgress,
        // Once everything was read, what is new is little and comes in order.
        onCompleteSince: this.hasCaughtUp ? undefined : this.#onCompleteSince,
      });
      this.#freshAt = began;
    } catch (error) {
      this.#failed(error);
    }
  }

  async #tidy(): Promise<void> {
    const now = this.#options.now();
    if (now - this.#failedAt < RETRY_MS) return;
    const { liveBytes } = this.#store;
    const isDue = liveBytes >= SMALL_BYTES && now - this.#compactedAt >= SMALL_EVERY_MS;
    try {
      if (isDue || liveBytes >= COMPACT_BYTES) {
        await this.#store.compact();
        this.#compactedAt = now;
      }
      if (now - this.#prunedAt >= PRUNE_EVERY_MS) await this.#prune(now);
      if (this.#isReported) this.#options.log.info({}, "the store can be written again");
      this.#isReported = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  async #prune(now: number): Promise<void> {
    this.#prunedAt = now;
    const { retentionDays: days, retentionBytes: bytes } = this.#options.settings;
    if (days === undefined && bytes === undefined) return;
    for (const { name, records, because, lastTs } of await prune(this.#store, { days, bytes }, this.#options.now)) {
      this.#options.log.warn({ file: name, records, because, lastTs }, "retention deleted a closed stats file");
    }
  }

  /** Logs the error once; the work is repeated after a while. */
  #failed(error: unknown): void {
    this.#failedAt = this.#options.now();
    if (!this.#store.isSound) this.#options.onBroken(error);
    if (error instanceof StoreBusy || this.#isReported) return;
    this.#isReported = true;
    const text = error instanceof Error ? error.message : String(error);
    this.#options.log.error({ error: text }, "the store cannot be updated; the stats file is not affected");
  }
}
