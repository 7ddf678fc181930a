import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { quoted } from "../../duckdb/database.ts";
import { inReadTransaction } from "../../duckdb/read-transaction.ts";
import { moment } from "../../duckdb/statement.ts";
import { visibleState, type VisiblePart } from "../../parquet/relations.ts";
import { HOUR } from "../../time/time-zone.ts";
import { canUseHours, slicesOf, type QueryRange } from "../query-range.ts";
import { ColumnBlockBuilder, type ColumnBlock } from "./column-block.ts";
import type { BlockRows, MemoryRows } from "./column-scan.ts";
import { DimensionSets } from "./dimension-sets.ts";
import { loadHours, loadRequests } from "./loader.ts";

// Caches what most queries read, as numbers in memory: the hours of all Parquet files, the requests that are not in Parquet
// yet, and the requests of split hours that queries used recently. It holds nothing that the database does not have. Where
// it does not hold enough for a query, the query runs in SQL.

interface CachedHours {
  readonly block: ColumnBlock;
  /** Number of requests in each hour. */
  readonly requests: ReadonlyMap<number, number>;
}

interface CachedRequests {
  readonly block: ColumnBlock;
  usedAt: number;
}

type UseConnection = <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;

export interface HourCacheOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly use: UseConnection;
}

/** Missing records up to which a query waits while they are loaded. */
const MAX_RECORDS_PER_QUERY = 40_000;
/** A query that needs more single requests runs in SQL. */
const MAX_SINGLE_REQUESTS = 400_000;
const MAX_DIMENSION_SETS = 100_000;

export class HourCache {
  readonly #options: HourCacheOptions;
  #sets = new DimensionSets();
  /** By the name of the file. A name is never used for a second file. */
  readonly #hours = new Map<string, CachedHours>();
  /** By the name of the file and the hour. */
  readonly #requests = new Map<string, CachedRequests>();
  #parts: readonly VisiblePart[] = [];
  /** Requests that are not in Parquet yet. */
  #live = new ColumnBlockBuilder();
  #state = -1;
  #isStale = false;
  #lastRow = -1;
  #uses = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #loading: Promise<void> | undefined;

  constructor(options: HourCacheOptions) {
    this.#options = options;
  }

  get bytes(): number {
    const cached = [...this.#hours.values(), ...this.#requests.values()];
    return cached.reduce((sum, { block }) => sum + block.bytes, this.#live.bytes);
  }

  /** The rows that these ranges need, as of the transaction or later; `undefined` if the query has to run in SQL. */
  async rowsFor(connection: DuckDBConnection, ranges: readonly QueryRange[]): Promise<MemoryRows | undefined> {
    if (!ranges.every((range) => canUseHours(range))) return undefined;
    return await this.#inTurn(async () => {
      await this.#follow(connection);
      if (this.#isStale || this.#state < 0) return undefined;
      const missing = this.#missing();
      if (missing.reduce((sum, { records }) => sum + records, 0) > MAX_RECORDS_PER_QUERY) {
        this.#loadInBackground(() => this.#loadMissing());
        return undefined;
      }
      for (const part of missing) await this.#load(connection, part);
      const requests = await this.#splitHours(connection, ranges);
      if (requests === undefined || this.#missing().length > 0) return undefined;
      const blocks: BlockRows[] = [
        ...this.#visibleHours().map(({ block }): BlockRows => ({
          block,
          rows: block.rows,
          covers: "hours",
          isSorted: true,
        })),
        ...requests.map((block): BlockRows => ({ block, rows: block.rows, covers: "slices", isSorted: false })),
        { block: this.#live, rows: this.#live.rows, covers: "all", isSorted: false },
      ];
      return isExact(blocks) ? { blocks, sets: this.#sets.all } : undefined;
    });
  }

  /** Loads the missing hours, file by file. Queries run meanwhile. */
  prepare(): Promise<void> {
    this.#loadInBackground(() => this.#loadMissing());
    return this.#loading ?? Promise.resolve();
  }

  #loadInBackground(work: () => Promise<void>): void {
    this.#loading ??= work()
      // A file may have been deleted meanwhile; the next query looks at the current state.
      .catch(() => undefined)
      .finally(() => (this.#loading = undefined));
  }

  async #loadMissing(): Promise<void> {
    await this.#inTurn(() =>
      this.#options.use((connection) => inReadTransaction(connection, () => this.#follow(connection))),
    );
    for (;;) {
      const [part] = this.#missing();
      if (part === undefined || this.#isFull()) return;
      await this.#options.use((connection) => this.#load(connection, part));
    }
  }

  #isFull(): boolean {
    return this.bytes > this.#options.maxBytes || this.#sets.all.length > MAX_DIMENSION_SETS;
  }

  #missing(): readonly VisiblePart[] {
    return this.#parts.filter(({ hours }) => !this.#hours.has(hours));
  }

  #visibleHours(): readonly CachedHours[] {
    return this.#parts.flatMap(({ hours }) => this.#hours.get(hours) ?? []);
  }

  async #load(connection: DuckDBConnection, { hours }: VisiblePart): Promise<void> {
    const sets = this.#sets;
    const block = await loadHours(connection, quoted(join(this.#options.directory, hours)), sets);
    if (sets !== this.#sets || this.#parts.every((part) => part.hours !== hours)) return;
    this.#hours.set(hours, { block, requests: requestsByHour(block) });
  }

  /** Brings the cache to the state that the transaction sees, unless it is ahead already. */
  async #follow(connection: DuckDBConnection): Promise<void> {
    const visible = await visibleState(connection);
    if (visible.state < this.#state || (visible.state === this.#state && visible.lastRow <= this.#lastRow)) return;
    if (visible.state > this.#state) {
      const parts = await visible.parts();
      this.#dropFilesExcept(parts);
      this.#parts = parts;
      this.#isStale = visible.isStale;
      this.#live = new ColumnBlockBuilder();
      this.#lastRow = -1;
    }
    // If this fails half-way, the next query reads all of it again.
    this.#state = -1;
    const added = `live WHERE rowid > ${this.#lastRow} AND rowid <= ${visible.lastRow}`;
    const live = this.#live;
    if (visible.lastRow > this.#lastRow) await loadRequests(connection, added, this.#sets, () => live);
    this.#lastRow = visible.lastRow;
    this.#state = visible.state;
  }

  #dropFilesExcept(parts: readonly VisiblePart[]): void {
    const [hours, calls] = [new Set(parts.map((part) => part.hours)), new Set(parts.map((part) => part.calls))];
    for (const name of this.#hours.keys()) if (!hours.has(name)) this.#hours.delete(name);
    for (const key of this.#requests.keys()) if (!calls.has(fileIn(key))) this.#requests.delete(key);
    if (this.#hours.size === 0 && this.#requests.size === 0) this.#sets = new DimensionSets();
  }

  /** The single requests in Parquet that the ranges need; `undefined` if there are too many or they are not loaded yet. */
  async #splitHours(
    connection: DuckDBConnection,
    ranges: readonly QueryRange[],
  ): Promise<readonly ColumnBlock[] | undefined> {
    const slices = ranges.flatMap((range) => slicesOf(range).requests);
    const isNeeded = (hour: number): boolean => slices.some(({ from, to }) => hour < to && hour + HOUR > from);
    const needed = this.#parts.flatMap(({ calls: file, hours }) =>
      [...(this.#hours.get(hours)?.requests ?? [])].flatMap(([hour, requests]) =>
        isNeeded(hour) ? [{ file, hour, requests, key: keyOf(file, hour) }] : [],
      ),
    );
    if (needed.reduce((sum, { requests }) => sum + requests, 0) > MAX_SINGLE_REQUESTS) return undefined;
    const missing = needed.filter(({ key }) => !this.#requests.has(key));
    if (missing.reduce((sum, { requests }) => sum + requests, 0) > MAX_RECORDS_PER_QUERY) {
      this.#loadInBackground(() => this.#options.use((other) => this.#loadSplitHours(other, missing)));
      return undefined;
    }
    await this.#loadSplitHours(connection, missing);
    const cached = needed.flatMap(({ key }) => this.#requests.get(key) ?? []);
    if (cached.length < needed.length) return undefined;
    for (const each of cached) each.usedAt = ++this.#uses;
    this.#evict();
    return cached.map(({ block }) => block);
  }

  async #loadSplitHours(connection: DuckDBConnection, missing: readonly HourOfFile[]): Promise<void> {
    const sets = this.#sets;
    for (const [file, hours] of Map.groupBy(missing, (each) => each.file)) {
      for (const [first, last] of runsOf(hours.map(({ hour }) => hour))) {
        const blocks = new Map<number, ColumnBlockBuilder>();
        for (let hour = first; hour <= last; hour += HOUR) blocks.set(hour, new ColumnBlockBuilder());
        const between = `ts >= ${moment(first)} AND ts < ${moment(last + HOUR)}`;
        const source = `read_parquet(${quoted(join(this.#options.directory, file))}) WHERE ${between}`;
        const unused = new ColumnBlockBuilder();
        await loadRequests(connection, source, sets, (time) => blocks.get(Math.floor(time / HOUR) * HOUR) ?? unused);
        if (sets !== this.#sets || this.#parts.every(({ calls }) => calls !== file)) return;
        for (const [hour, block] of blocks) {
          this.#requests.set(keyOf(file, hour), { block: block.finished(), usedAt: ++this.#uses });
        }
      }
    }
  }

  /** Drops the single requests that were not used for longest. */
  #evict(): void {
    const { maxBytes } = this.#options;
    let { bytes } = this;
    if (bytes <= maxBytes) return;
    const oldest = [...this.#requests].toSorted(([, one], [, other]) => one.usedAt - other.usedAt);
    for (const [key, { block }] of oldest) {
      if (bytes <= maxBytes * 0.9) return;
      this.#requests.delete(key);
      bytes -= block.bytes;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.catch(() => undefined).then(work);
    this.#turn = turn;
    return turn;
  }
}

interface HourOfFile {
  readonly file: string;
  readonly hour: number;
}

/** True if no sum can exceed the whole numbers that a JavaScript number holds exactly. */
function isExact(blocks: readonly BlockRows[]): boolean {
  return blocks.reduce((sum, { block }) => sum + block.greatestSum, 0) <= Number.MAX_SAFE_INTEGER;
}

function keyOf(file: string, hour: number): string {
  return `${file} ${hour}`;
}

function fileIn(key: string): string {
  return key.slice(0, key.indexOf(" "));
}

function requestsByHour({ times, columns, rows }: ColumnBlock): ReadonlyMap<number, number> {
  const requests = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const hour = times[row] ?? 0;
    requests.set(hour, (requests.get(hour) ?? 0) + (columns.requests[row] ?? 0));
  }
  return requests;
}

/** The first and the last hour of each run of consecutive hours. */
function runsOf(hours: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const hour of hours.toSorted((one, other) => one - other)) {
    const run = runs.at(-1);
    if (run !== undefined && hour - run[1] === HOUR) run[1] = hour;
    else runs.push([hour, hour]);
  }
  return runs;
}
