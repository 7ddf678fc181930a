/**
 * The ledger in a form for queries: older records as Parquet files with hourly sums, the newest in memory. The
 * relations `calls` and `hours` combine both, each record once. Everything here can be rebuilt from the ledger.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { errorCode } from "../../core/errno.ts";
import { dropSegments, inTime, mergeParts, partsToMerge } from "../parquet/compaction.ts";
import { Database, inTransaction } from "../duckdb/database.ts";
import { ingest } from "../ingest/ingest.ts";
import type { LedgerFile } from "../ingest/ledger-file.ts";
import { isSame, realLedgerPath, seenAt } from "../ingest/ledger-files.ts";
import { LedgerFollower, type Source } from "../ingest/ledger-follower.ts";
import {
  EMPTY_MANIFEST,
  manifestPath,
  ManifestError,
  writeManifest,
  type Manifest,
  type Part,
  type Seen,
} from "../parquet/manifest.ts";
import { brokenParts, markUnlisted, removeUnlisted, writePart, type PartWriter } from "../parquet/part-files.ts";
import { clearLive, createRelations, dropLive, type Shape } from "../parquet/relations.ts";
import { SegmentTrack } from "../ingest/segment-track.ts";
import { setAsideIfUnusable, type SetAside } from "./set-aside.ts";
import { withStoreLock } from "./store-lock.ts";
import { readOwnManifest } from "./store-owner.ts";

export interface StoreOptions {
  readonly ledgerPath: string;
  readonly directory: string;
  readonly memoryMegabytes: number;
  readonly threads: number;
  /** For what does not fit into memory; created when needed. */
  readonly spillDirectory: string;
  readonly now: () => number;
  /** Start empty, whatever the manifest contains. */
  readonly fresh?: boolean;
  /** A store that cannot be used is set aside and this is called. Without it, opening such a store fails. */
  readonly onSetAside?: (moved: SetAside) => void;
}

/** Bytes of the ledger: those read so far, and all that have to be read. */
export type OnProgress = (done: number, total: number) => void;

export interface RefreshOptions {
  /** When this many bytes are in memory, they are written to Parquet. */
  readonly compactAt?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Reads the newest segment first, and is called after each: of what is later than this, nothing is missing. */
  readonly onCompleteSince?: ((epochMs: number) => void) | undefined;
}

/** Records of two data workers reach the ledger in another order than that of their times. */
const ORDER_MARGIN_MS = 60_000;

/** How long to wait for another process that changes the store; then `StoreBusy` is thrown. */
const LOCK_WAIT_MS = 5_000;

export class Store {
  readonly directory: string;
  readonly #ledgerPath: string;
  readonly #scratch: string;
  readonly #now: () => number;
  readonly #database: Database;
  readonly #follower: LedgerFollower;
  #manifest: Manifest;
  #tracks: ReadonlyMap<string, SegmentTrack>;
  #sources: readonly Source[] = [];
  /** Segments that were rewritten after their records were written to Parquet. */
  #stale: ReadonlySet<string> = new Set();
  #liveBytes = 0;
  #damaged: readonly Part[] = [];
  /** The manifest as it was last read or written. Another process may replace it. */
  #manifestSeen: Seen | undefined;
  /** Leaves the manifest on disk unchanged for now. */
  #isDraft = false;
  /** Changes of the state run one at a time. Queries run beside them. */
  #turn: Promise<unknown> = Promise.resolve();
  #broken: unknown;

  private constructor(options: StoreOptions, database: Database) {
    this.directory = options.directory;
    this.#scratch = join(options.spillDirectory, `batch-${randomUUID()}.jsonl`);
    this.#now = options.now;
    this.#database = database;
    this.#ledgerPath = realLedgerPath(options.ledgerPath);
    this.#follower = new LedgerFollower(this.#ledgerPath, options.now);
    this.#manifestSeen = seenAt(manifestPath(options.directory));
    this.#manifest = options.fresh === true ? EMPTY_MANIFEST : readOwnManifest(options.directory, this.#ledgerPath);
    this.#tracks = tracksOf(this.#manifest);
  }

  /** Opens the state of the manifest. `refresh` adds what the ledger holds beyond it. */
  static async open(options: StoreOptions): Promise<Store> {
    if (options.onSetAside !== undefined) {
      const moved = await setAsideIfUnusable(options.directory, options.now());
      if (moved !== undefined) options.onSetAside(moved);
    }
    const database = await Database.open({ ...options, directories: [options.directory] });
    try {
      const store = new Store(options, database);
      await store.#serialize((connection) => store.#activate(connection, store.#manifest, { check: true }));
      return store;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /** Bytes of the ledger that are in memory and not in Parquet. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** The state of each segment, Parquet and memory together. */
  get segments(): readonly SegmentTrack[] {
    return [...this.#tracks.values()];
  }

  /** The segments as files, as of the last refresh. */
  get files(): readonly LedgerFile[] {
    return this.#sources.map(({ file }) => file);
  }

  /** Parts whose files were found broken and are being rebuilt. */
  get damaged(): readonly Part[] {
    return this.#damaged;
  }

  /** False once memory and disk may differ; then the store has to be reopened. */
  get isSound(): boolean {
    return this.#broken === undefined;
  }

  /** Queries the relations `calls` and `hours`, which do not change during a statement. */
  read<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#database.use(work);
  }

  /** Finds the segments without reading them. */
  look(): void {
    this.#sources = this.#follower.look();
  }

  /** Reads what was added to the ledger since the last refresh. */
  refresh(options: RefreshOptions = {}): Promise<void> {
    const { compactAt } = options;
    return this.#serialize(async (connection) => {
      await this.#follow(connection);
      if (compactAt === undefined || this.#liveBytes + this.behindBytes < compactAt) {
        await this.#readNew(connection, { ...options, compactAt: undefined });
      } else await this.#underLock(connection, () => this.#readNew(connection, options));
    });
  }

  /** Bytes of the ledger, as of the last look, that are neither in memory nor in Parquet. */
  get behindBytes(): number {
    return this.#sources.reduce((sum, { file }) => sum + Math.max(0, file.seen.size - this.#track(file).bytes), 0);
  }

  /** Writes the rows in memory to Parquet. The manifest then covers all of them, or none if this fails at any point. */
  compact(): Promise<void> {
    return this.#serialize((connection) => this.#underLock(connection, () => this.#compact(connection)));
  }

  /**
   * Deletes the rows of the segments that `choose` returns, in Parquet and in memory, while no other process can change
   * the store.
   */
  forget(choose: () => ReadonlySet<string>): Promise<void> {
    return this.#serialize((connection) =>
      this.#underLock(connection, async () => {
        const segments = choose();
        if (segments.size === 0) return;
        await dropLive(connection, segments);
        this.#tracks = new Map([...this.#tracks].filter(([id]) => !segments.has(id)));
        await this.#compact(connection, segments);
      }),
    );
  }

  /**
   * Reads the ledger from its first line, whatever Parquet holds, and keeps from Parquet only what the ledger no longer
   * has. The old state stays valid until the new one is complete.
   */
  rebuild(options: RefreshOptions): Promise<void> {
    return this.#serialize((connection) =>
      this.#underLock(connection, async () => {
        const before = this.#manifest;
        this.#isDraft = true;
        try {
          await this.#begin(connection, before);
          await this.#readNew(connection, options);
          await this.#compact(connection);
        } catch (error) {
          this.#isDraft = false;
          await this.#activate(connection, before);
          throw error;
        }
        this.#isDraft = false;
        await this.#commit(connection, { ...this.#manifest, generation: this.#manifest.generation + 1 }, before);
      }),
    );
  }

  /** Waits for the work in progress. */
  async close(): Promise<void> {
    await this.#turn.catch(() => undefined);
    this.#follower.close();
    this.#database.close();
  }

  /** Keeps from Parquet only what the ledger no longer has. The rebuild adds the rest. */
  async #begin(connection: DuckDBConnection, before: Manifest): Promise<void> {
    const present = new Set(this.#sources.map(({ file }) => file.id));
    const parts = await dropSegments(connection, this.#nextWriter(), before, present);
    const segments = before.segments.filter(({ id }) => !present.has(id));
    await this.#activate(connection, { ...before, generation: before.generation + 1, parts, segments });
    for (const { file } of this.#sources) await this.#compare(connection, file);
  }

  /** Picks up changes by other processes: of the manifest and of the ledger. */
  async #follow(connection: DuckDBConnection): Promise<void> {
    const [before, now] = [this.#manifestSeen, seenAt(manifestPath(this.directory))];
    if (now === undefined ? before !== undefined : !isSame(before ?? null, now)) {
      await this.#activate(connection, readOwnManifest(this.directory, this.#ledgerPath), { check: true });
      this.#manifestSeen = now;
    }
    this.#sources = this.#follower.look();
    for (const { file } of this.#sources) await this.#compare(connection, file);
  }

  /** Runs the work under the lock, on the current state. */
  #underLock(connection: DuckDBConnection, work: () => Promise<void>): Promise<void> {
    return withStoreLock(this.directory, LOCK_WAIT_MS, async () => {
      await this.#follow(connection);
      await work();
    });
  }

  async #readNew(connection: DuckDBConnection, options: RefreshOptions): Promise<void> {
    const { compactAt, onProgress, onCompleteSince } = options;
    const total = this.behindBytes;
    let done = 0;
    for (const source of onCompleteSince === undefined ? this.#sources : this.#sources.toReversed()) {
      if (source.file.seen.size > this.#track(source.file).bytes) {
        for await (const bytes of this.#readSource(connection, source)) {
          onProgress?.((done += bytes), total);
          if (compactAt !== undefined && this.#liveBytes >= compactAt) await this.#compact(connection);
        }
      }
      const { firstTs } = this.#track(source.file);
      if (firstTs !== null) onCompleteSince?.(Date.parse(firstTs) + ORDER_MARGIN_MS);
    }
  }

  /** A file that no longer begins with the bytes that were read was rewritten, and is read again from its beginning. */
  async #compare(connection: DuckDBConnection, file: LedgerFile): Promise<void> {
    if (this.#track(file).stillHolds(file)) return;
    const segments = new Set([file.id]);
    await dropLive(connection, segments);
    this.#tracks = new Map([...this.#tracks, [file.id, new SegmentTrack(file)]]);
    if (this.#manifest.parts.some((part) => part.segments.includes(file.id))) {
      this.#stale = new Set([...this.#stale, file.id]);
      await createRelations(connection, this.#shape);
    }
    this.#track(file).stillHolds(file);
  }

  async *#readSource(connection: DuckDBConnection, { file, finished, open }: Source): AsyncGenerator<number> {
    let lines;
    try {
      lines = open();
    } catch (error) {
      // The file was moved or deleted just now. The next look finds it, unless it no longer exists.
      if (errorCode(error) === "ENOENT") return;
      throw error;
    }
    try {
      for (const { bytes, end } of lines.blocks(this.#track(file).bytes, finished)) {
        const counts = await ingest(connection, bytes, file.id, { shape: this.#shape, scratch: this.#scratch });
        this.#track(file).add(bytes, end, counts);
        this.#liveBytes += bytes.length;
        yield bytes.length;
      }
    } finally {
      lines.close();
    }
  }

  async #compact(connection: DuckDBConnection, forgotten: ReadonlySet<string> = new Set()): Promise<void> {
    const before = this.#manifest;
    const dropped = new Set([...this.#stale, ...forgotten]);
    if (this.#liveBytes === 0 && dropped.size === 0) return;
    const writer = this.#nextWriter();
    const kept = await dropSegments(connection, writer, before, dropped);
    const fresh = await writePart(connection, writer, 0, "FROM live ORDER BY ts, id");
    const parts = inTime(fresh === undefined ? kept : [...kept, fresh]);
    const segments = [...this.#tracks.values()].map((track) => track.stateToWrite());
    await this.#commit(connection, { ...before, generation: writer.generation, parts, segments }, before);
    await this.#merge(connection);
  }

  async #merge(connection: DuckDBConnection): Promise<void> {
    for (;;) {
      const before = this.#manifest;
      const toMerge = partsToMerge(before.parts);
      if (toMerge === undefined) return;
      const writer = this.#nextWriter();
      const parts = await mergeParts(connection, writer, before.parts, toMerge);
      await this.#commit(connection, { ...before, generation: writer.generation, parts }, before);
    }
  }

  #nextWriter(): PartWriter {
    mkdirSync(this.directory, { recursive: true, mode: 0o750 });
    return { directory: this.directory, generation: this.#manifest.generation + 1 };
  }

  async #commit(connection: DuckDBConnection, next: Manifest, before: Manifest): Promise<void> {
    try {
      if (!this.#isDraft) writeManifest(this.directory, { ...next, ledger: this.#ledgerPath });
    } catch (error) {
      // The state in memory is wrong, so it is not used again.
      if (error instanceof ManifestError) this.#broken = error;
      throw error;
    }
    try {
      if (!this.#isDraft) this.#manifestSeen = seenAt(manifestPath(this.directory));
      await this.#activate(connection, next);
    } catch (error) {
      this.#broken = error;
      throw error;
    }
    if (this.#isDraft) return;
    const listed = new Set(next.parts.map(({ calls }) => calls));
    const unlisted = before.parts.filter(({ calls }) => !listed.has(calls));
    markUnlisted(this.directory, unlisted, this.#now());
    removeUnlisted(this.directory, next, this.#now());
  }

  /**
   * From here on queries use this manifest, and nothing is in memory. Rows in broken files are left out and read from
   * the ledger again.
   */
  async #activate(connection: DuckDBConnection, listed: Manifest, { check = false } = {}): Promise<void> {
    const broken = check ? brokenParts(this.directory, listed.parts) : [];
    const stale: ReadonlySet<string> = new Set(broken.flatMap(({ segments }) => segments));
    const manifest = {
      ...listed,
      parts: listed.parts.filter((part) => !broken.includes(part)),
      segments: listed.segments.filter(({ id }) => !stale.has(id)),
    };
    await inTransaction(connection, async () => {
      await clearLive(connection);
      await createRelations(connection, { directory: this.directory, manifest, stale });
    });
    this.#manifest = manifest;
    this.#tracks = tracksOf(manifest);
    this.#stale = stale;
    this.#liveBytes = 0;
    this.#damaged = [...this.#damaged, ...broken];
  }

  get #shape(): Shape {
    return { directory: this.directory, manifest: this.#manifest, stale: this.#stale };
  }

  #track(file: LedgerFile): SegmentTrack {
    const known = this.#tracks.get(file.id);
    if (known !== undefined) return known;
    const track = new SegmentTrack(file);
    this.#tracks = new Map([...this.#tracks, [file.id, track]]);
    return track;
  }

  #serialize<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const turn = this.#turn
      .catch(() => undefined)
      .then(() => {
        if (this.#broken !== undefined) throw new Error("the store has to be reopened", { cause: this.#broken });
        return this.#database.use(work);
      });
    this.#turn = turn;
    return turn;
  }
}

function tracksOf({ segments }: Manifest): ReadonlyMap<string, SegmentTrack> {
  return new Map(segments.map((state) => [state.id, new SegmentTrack(state, state)]));
}
