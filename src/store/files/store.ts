/**
 * The ledger's derived form: what it held until lately as Parquet files with hourly sums, what came since in memory. The
 * relations `calls` and `hours` are both together, each record once. Everything here can be made anew from the ledger.
 */
import { mkdirSync } from "node:fs";
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
  readManifest,
  writeManifest,
  type Manifest,
  type Part,
  type Seen,
} from "../parquet/manifest.ts";
import { brokenParts, markUnnamed, removeUnnamed, writePart, type PartWriter } from "../parquet/part-files.ts";
import { clearLive, createRelations, dropLive, type Shape } from "../parquet/relations.ts";
import { SegmentTrack } from "../ingest/segment-track.ts";
import { withStoreLock } from "./store-lock.ts";

export interface StoreOptions {
  readonly ledgerPath: string;
  readonly directory: string;
  readonly memoryMegabytes: number;
  readonly threads: number;
  /** For what does not fit into memory; made when needed. */
  readonly spillDirectory: string;
  readonly now: () => number;
  /** Begin with nothing, whatever the manifest says or is. */
  readonly fresh?: boolean;
}

/** Bytes of the ledger: those that were read now, of all that there were to read. */
export type OnProgress = (done: number, total: number) => void;

export interface RefreshOptions {
  /** Whenever so many bytes are in memory, they go to Parquet. */
  readonly compactAt?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** How long to wait for another process that changes the store; `StoreBusy` is what follows. */
const LOCK_WAIT_MS = 5_000;

export class Store {
  readonly directory: string;
  readonly #now: () => number;
  readonly #database: Database;
  readonly #follower: LedgerFollower;
  #manifest: Manifest;
  #tracks: ReadonlyMap<string, SegmentTrack>;
  #sources: readonly Source[] = [];
  /** Segments that were written anew since Parquet took them in. */
  #stale: ReadonlySet<string> = new Set();
  #liveBytes = 0;
  #damaged: readonly Part[] = [];
  /** The manifest as it was read or written last; another process may replace it. */
  #manifestSeen: Seen | undefined;
  /** The manifest on disk stays as it is for now. */
  #isDraft = false;
  /** One thing at a time changes the state; questions are asked beside it. */
  #turn: Promise<unknown> = Promise.resolve();
  #broken: unknown;

  private constructor(options: StoreOptions, database: Database) {
    this.directory = options.directory;
    this.#now = options.now;
    this.#database = database;
    this.#follower = new LedgerFollower(realLedgerPath(options.ledgerPath), options.now);
    this.#manifestSeen = seenAt(manifestPath(options.directory));
    this.#manifest = options.fresh === true ? EMPTY_MANIFEST : readManifest(options.directory);
    this.#tracks = tracksOf(this.#manifest);
  }

  /** As the manifest has it; `refresh` adds what the ledger holds behind that. */
  static async open(options: StoreOptions): Promise<Store> {
    const database = await Database.open({ ...options, directories: [options.directory] });
    try {
      const store = new Store(options, database);
      await store.#inTurn((connection) => store.#show(connection, store.#manifest, { check: true }));
      return store;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /** Of the ledger, in memory and not in Parquet. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** What is known of each segment, Parquet and memory together. */
  get segments(): readonly SegmentTrack[] {
    return [...this.#tracks.values()];
  }

  /** The segments as files, as they were at the last refresh. */
  get files(): readonly LedgerFile[] {
    return this.#sources.map(({ file }) => file);
  }

  /** Parts that were found broken and are being made anew. */
  get damaged(): readonly Part[] {
    return this.#damaged;
  }

  /** False once memory and disk may differ: what is open is to be opened anew. */
  get isSound(): boolean {
    return this.#broken === undefined;
  }

  /** Asks the relations `calls` and `hours`, which do not change under a statement. */
  read<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#database.use(work);
  }

  /** Looks which segments there are, and reads nothing of them. */
  look(): void {
    this.#sources = this.#follower.look();
  }

  /** Takes in what the ledger has more than the last time. */
  refresh({ compactAt, onProgress }: RefreshOptions = {}): Promise<void> {
    return this.#inTurn(async (connection) => {
      await this.#follow(connection);
      if (compactAt === undefined || this.#liveBytes + this.behindBytes < compactAt) {
        await this.#takeNews(connection, { onProgress });
      } else await this.#alone(connection, () => this.#takeNews(connection, { compactAt, onProgress }));
    });
  }

  /** Of the ledger as it was last looked at, neither in memory nor in Parquet. */
  get behindBytes(): number {
    return this.#sources.reduce((sum, { file }) => sum + Math.max(0, file.seen.size - this.#track(file).bytes), 0);
  }

  /** Puts what is in memory into Parquet. The manifest then has all of it; if this fails at any point, nothing of it. */
  compact(): Promise<void> {
    return this.#inTurn((connection) => this.#alone(connection, () => this.#compact(connection)));
  }

  /** Drops what Parquet and memory have of the segments that `choose` names, when nobody else changes the store. */
  forget(choose: () => ReadonlySet<string>): Promise<void> {
    return this.#inTurn((connection) =>
      this.#alone(connection, async () => {
        const segments = choose();
        if (segments.size === 0) return;
        await dropLive(connection, segments);
        this.#tracks = new Map([...this.#tracks].filter(([id]) => !segments.has(id)));
        await this.#compact(connection, segments);
      }),
    );
  }

  /**
   * Reads the ledger from its first line on, whatever Parquet says; only what the ledger no longer has is taken over
   * from there. The old state holds until the new one is complete.
   */
  rebuild(options: RefreshOptions): Promise<void> {
    return this.#inTurn((connection) =>
      this.#alone(connection, async () => {
        const before = this.#manifest;
        this.#isDraft = true;
        try {
          await this.#begin(connection, before);
          await this.#takeNews(connection, options);
          await this.#compact(connection);
        } catch (error) {
          this.#isDraft = false;
          await this.#show(connection, before);
          throw error;
        }
        this.#isDraft = false;
        await this.#commit(connection, { ...this.#manifest, generation: this.#manifest.generation + 1 }, before);
      }),
    );
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#turn.catch(() => undefined);
    this.#follower.close();
    this.#database.close();
  }

  /** Only what the ledger itself no longer has, to which the rest is added. */
  async #begin(connection: DuckDBConnection, before: Manifest): Promise<void> {
    const there = new Set(this.#sources.map(({ file }) => file.id));
    const parts = await dropSegments(connection, this.#nextWriter(), before, there);
    const segments = before.segments.filter(({ id }) => !there.has(id));
    await this.#show(connection, { ...before, generation: before.generation + 1, parts, segments });
    for (const { file } of this.#sources) await this.#compare(connection, file);
  }

  /** Looks at what others did: to the manifest, and to the ledger. */
  async #follow(connection: DuckDBConnection): Promise<void> {
    const [before, now] = [this.#manifestSeen, seenAt(manifestPath(this.directory))];
    if (now === undefined ? before !== undefined : !isSame(before ?? null, now)) {
      await this.#show(connection, readManifest(this.directory), { check: true });
      this.#manifestSeen = now;
    }
    this.#sources = this.#follower.look();
    for (const { file } of this.#sources) await this.#compare(connection, file);
  }

  /** Nobody else changes the store while this works, and it works on what there is. */
  #alone(connection: DuckDBConnection, work: () => Promise<void>): Promise<void> {
    return withStoreLock(this.directory, LOCK_WAIT_MS, async () => {
      await this.#follow(connection);
      await work();
    });
  }

  async #takeNews(connection: DuckDBConnection, { compactAt, onProgress }: RefreshOptions): Promise<void> {
    const total = this.behindBytes;
    let done = 0;
    for (const source of this.#sources) {
      if (source.file.seen.size <= this.#track(source.file).bytes) continue;
      for await (const bytes of this.#take(connection, source)) {
        onProgress?.((done += bytes), total);
        if (compactAt !== undefined && this.#liveBytes >= compactAt) await this.#compact(connection);
      }
    }
  }

  /** A file that does not begin with what was read of it was written anew, and counts as it is now. */
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

  async *#take(connection: DuckDBConnection, { file, finished, open }: Source): AsyncGenerator<number> {
    let lines;
    try {
      lines = open();
    } catch (error) {
      // Moved or deleted a moment ago: the next look finds it, or it is gone.
      if (errorCode(error) === "ENOENT") return;
      throw error;
    }
    try {
      for (const { bytes, end } of lines.blocks(this.#track(file).bytes, finished)) {
        const taken = await ingest(connection, bytes, file.id, this.#shape);
        this.#track(file).took(bytes, end, taken);
        this.#liveBytes += bytes.length;
        yield bytes.length;
      }
    } finally {
      lines.close();
    }
  }

  async #compact(connection: DuckDBConnection, forgotten: ReadonlySet<string> = new Set()): Promise<void> {
    const before = this.#manifest;
    const gone = new Set([...this.#stale, ...forgotten]);
    if (this.#liveBytes === 0 && gone.size === 0) return;
    const writer = this.#nextWriter();
    const kept = await dropSegments(connection, writer, before, gone);
    const fresh = await writePart(connection, writer, 0, "FROM live ORDER BY ts, id");
    const parts = inTime(fresh === undefined ? kept : [...kept, fresh]);
    const segments = [...this.#tracks.values()].map((track) => track.settled());
    await this.#commit(connection, { ...before, generation: writer.generation, parts, segments }, before);
    await this.#merge(connection);
  }

  async #merge(connection: DuckDBConnection): Promise<void> {
    for (;;) {
      const before = this.#manifest;
      const few = partsToMerge(before.parts);
      if (few === undefined) return;
      const writer = this.#nextWriter();
      const parts = await mergeParts(connection, writer, before.parts, few);
      await this.#commit(connection, { ...before, generation: writer.generation, parts }, before);
    }
  }

  #nextWriter(): PartWriter {
    mkdirSync(this.directory, { recursive: true, mode: 0o750 });
    return { directory: this.directory, generation: this.#manifest.generation + 1 };
  }

  async #commit(connection: DuckDBConnection, next: Manifest, before: Manifest): Promise<void> {
    if (!this.#isDraft) writeManifest(this.directory, next);
    try {
      if (!this.#isDraft) this.#manifestSeen = seenAt(manifestPath(this.directory));
      await this.#show(connection, next);
    } catch (error) {
      this.#broken = error;
      throw error;
    }
    if (this.#isDraft) return;
    const named = new Set(next.parts.map(({ calls }) => calls));
    const unnamed = before.parts.filter(({ calls }) => !named.has(calls));
    markUnnamed(this.directory, unnamed, this.#now());
    removeUnnamed(this.directory, next, this.#now());
  }

  /**
   * From here on questions are answered from this manifest, and nothing is in memory. What stands in files that are
   * broken is left out, and read from the ledger again.
   */
  async #show(connection: DuckDBConnection, named: Manifest, { check = false } = {}): Promise<void> {
    const broken = check ? brokenParts(this.directory, named.parts) : [];
    const stale: ReadonlySet<string> = new Set(broken.flatMap(({ segments }) => segments));
    const manifest = {
      ...named,
      parts: named.parts.filter((part) => !broken.includes(part)),
      segments: named.segments.filter(({ id }) => !stale.has(id)),
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

  #inTurn<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const turn = this.#turn
      .catch(() => undefined)
      .then(() => {
        if (this.#broken !== undefined) throw new Error("the store has to be opened anew", { cause: this.#broken });
        return this.#database.use(work);
      });
    this.#turn = turn;
    return turn;
  }
}

function tracksOf({ segments }: Manifest): ReadonlyMap<string, SegmentTrack> {
  return new Map(segments.map((state) => [state.id, new SegmentTrack(state, state)]));
}
