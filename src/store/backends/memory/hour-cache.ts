import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DimensionSets } from "./dimension-sets.ts";
import { quoted } from "../../duckdb/database.ts";
import { ColumnBlockBuilder, type ColumnBlock } from "./column-block.ts";
import { loadRequests, loadHours } from "./loader.ts";
import type { FactRows, Facts } from "./column-scan.ts";
import { canRemember, slicesOf, type FactsRange } from "../sql/measures-sql.ts";
import { inReadTransaction } from "../../duckdb/read-transaction.ts";
import { shownState, type ShownPart } from "../../parquet/relations.ts";
import { moment } from "../../duckdb/statement.ts";
import { HOUR } from "../../time/time-zone.ts";

// Keeps what most questions are about in memory as numbers: the hours of all Parquet files, the calls that are not in
// Parquet yet, and the calls of hours through which ranges or buckets ended lately. It holds nothing that the database
// does not have, and where it does not hold enough, the database is asked instead.

interface Sums {
  readonly block: ColumnBlock;
  /** Calls in each hour. */
  readonly calls: ReadonlyMap<number, number>;
}

interface Kept {
  readonly block: ColumnBlock;
  usedAt: number;
}

/** Lends a connection. */
type Use = <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;

export interface HourCacheOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly use: Use;
}

/** So many records are read while the question waits. */
const AT_ONCE_RECORDS = 40_000;
/** More single calls than this are not kept for a question. */
const MAX_CALLS = 400_000;
const MAX_KINDS = 100_000;

export class HourCache {
  readonly #options: HourCacheOptions;
  #kinds = new DimensionSets();
  /** By the name of the file, which is never written a second time. */
  readonly #hours = new Map<string, Sums>();
  /** By the name of the file and the hour. */
  readonly #calls = new Map<string, Kept>();
  #parts: readonly ShownPart[] = [];
  #live = new ColumnBlockBuilder();
  #state = -1;
  #isStale = false;
  #lastRow = -1;
  #uses = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #reading: Promise<void> | undefined;

  constructor(options: HourCacheOptions) {
    this.#options = options;
  }

  get bytes(): number {
    const kept = [...this.#hours.values(), ...this.#calls.values()];
    return kept.reduce((sum, { block }) => sum + block.bytes, this.#live.bytes);
  }

  /** What these ranges take, as of the transaction or later; `undefined`: ask the database. */
  async facts(connection: DuckDBConnection, ranges: readonly FactsRange[]): Promise<Facts | undefined> {
    if (!ranges.every((range) => canRemember(range))) return undefined;
    return await this.#inTurn(async () => {
      await this.#follow(connection);
      if (this.#isStale || this.#state < 0) return undefined;
      const missing = this.#missing();
      if (missing.reduce((sum, { records }) => sum + records, 0) > AT_ONCE_RECORDS) {
        this.#readLater(() => this.#readHours());
        return undefined;
      }
      for (const part of missing) await this.#load(connection, part);
      const calls = await this.#requestsIn(connection, ranges);
      if (calls === undefined || this.#missing().length > 0) return undefined;
      const rows: FactRows[] = [
        ...this.#shownHours().map(({ block }): FactRows => ({ block, rows: block.rows, where: "hours", inTime: true })),
        ...calls.map((block): FactRows => ({ block, rows: block.rows, where: "slices", inTime: false })),
        { block: this.#live, rows: this.#live.rows, where: "all", inTime: false },
      ];
      return isExact(rows) ? { rows, kinds: this.#kinds.all } : undefined;
    });
  }

  /** Reads the hours that are missing, file by file; questions are answered meanwhile. */
  prepare(): Promise<void> {
    this.#readLater(() => this.#readHours());
    return this.#reading ?? Promise.resolve();
  }

  #readLater(work: () => Promise<void>): void {
    this.#reading ??= work()
      // A file may be gone by now; whoever asks next sees what there is then.
      .catch(() => undefined)
      .finally(() => (this.#reading = undefined));
  }

  async #readHours(): Promise<void> {
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
    return this.bytes > this.#options.maxBytes || this.#kinds.all.length > MAX_KINDS;
  }

  #missing(): readonly ShownPart[] {
    return this.#parts.filter(({ hours }) => !this.#hours.has(hours));
  }

  #shownHours(): readonly Sums[] {
    return this.#parts.flatMap(({ hours }) => this.#hours.get(hours) ?? []);
  }

  async #load(connection: DuckDBConnection, { hours }: ShownPart): Promise<void> {
    const kinds = this.#kinds;
    const block = await loadHours(connection, quoted(join(this.#options.directory, hours)), kinds);
    if (kinds !== this.#kinds || this.#parts.every((part) => part.hours !== hours)) return;
    this.#hours.set(hours, { block, calls: callsByHour(block) });
  }

  /** What the transaction shows, unless what is here is of later. */
  async #follow(connection: DuckDBConnection): Promise<void> {
    const shown = await shownState(connection);
    if (shown.state < this.#state || (shown.state === this.#state && shown.lastRow <= this.#lastRow)) return;
    if (shown.state > this.#state) {
      const parts = await shown.parts();
      this.#forgetFiles(parts);
      this.#parts = parts;
      this.#isStale = shown.isStale;
      this.#live = new ColumnBlockBuilder();
      this.#lastRow = -1;
    }
    // Should this fail half-way, all of it is read again.
    this.#state = -1;
    const news = `live WHERE rowid > ${this.#lastRow} AND rowid <= ${shown.lastRow}`;
    const live = this.#live;
    if (shown.lastRow > this.#lastRow) await loadRequests(connection, news, this.#kinds, () => live);
    this.#lastRow = shown.lastRow;
    this.#state = shown.state;
  }

  #forgetFiles(parts: readonly ShownPart[]): void {
    const [hours, calls] = [new Set(parts.map((part) => part.hours)), new Set(parts.map((part) => part.calls))];
    for (const name of this.#hours.keys()) if (!hours.has(name)) this.#hours.delete(name);
    for (const key of this.#calls.keys()) if (!calls.has(fileIn(key))) this.#calls.delete(key);
    if (this.#hours.size === 0 && this.#calls.size === 0) this.#kinds = new DimensionSets();
  }

  /** The single calls in Parquet that the ranges take; `undefined`: too many, or not there yet. */
  async #requestsIn(connection: DuckDBConnection, ranges: readonly FactsRange[]): Promise<ColumnBlock[] | undefined> {
    const slices = ranges.flatMap((range) => slicesOf(range).calls);
    const isWanted = (hour: number): boolean => slices.some(({ from, to }) => hour < to && hour + HOUR > from);
    const wanted = this.#parts.flatMap(({ calls: file, hours }) =>
      [...(this.#hours.get(hours)?.calls ?? [])].flatMap(([hour, calls]) =>
        isWanted(hour) ? [{ file, hour, calls, key: keyOf(file, hour) }] : [],
      ),
    );
    if (wanted.reduce((sum, { calls }) => sum + calls, 0) > MAX_CALLS) return undefined;
    const absent = wanted.filter(({ key }) => !this.#calls.has(key));
    if (absent.reduce((sum, { calls }) => sum + calls, 0) > AT_ONCE_RECORDS) {
      this.#readLater(() => this.#options.use((other) => this.#loadRequests(other, absent)));
      return undefined;
    }
    await this.#loadRequests(connection, absent);
    const kept = wanted.flatMap(({ key }) => this.#calls.get(key) ?? []);
    if (kept.length < wanted.length) return undefined;
    for (const each of kept) each.usedAt = ++this.#uses;
    this.#forgetOld();
    return kept.map(({ block }) => block);
  }

  async #loadRequests(connection: DuckDBConnection, absent: readonly HourOfFile[]): Promise<void> {
    const kinds = this.#kinds;
    for (const [file, wanted] of Map.groupBy(absent, (each) => each.file)) {
      for (const [first, last] of runsOf(wanted.map(({ hour }) => hour))) {
        const blocks = new Map<number, ColumnBlockBuilder>();
        for (let hour = first; hour <= last; hour += HOUR) blocks.set(hour, new ColumnBlockBuilder());
        const between = `ts >= ${moment(first)} AND ts < ${moment(last + HOUR)}`;
        const source = `read_parquet(${quoted(join(this.#options.directory, file))}) WHERE ${between}`;
        const spare = new ColumnBlockBuilder();
        await loadRequests(connection, source, kinds, (time) => blocks.get(Math.floor(time / HOUR) * HOUR) ?? spare);
        if (kinds !== this.#kinds || this.#parts.every(({ calls }) => calls !== file)) return;
        for (const [hour, block] of blocks) {
          this.#calls.set(keyOf(file, hour), { block: block.finished(), usedAt: ++this.#uses });
        }
      }
    }
  }

  /** Single calls that nobody asked for lately. */
  #forgetOld(): void {
    const { maxBytes } = this.#options;
    let { bytes } = this;
    if (bytes <= maxBytes) return;
    const oldest = [...this.#calls].toSorted(([, one], [, other]) => one.usedAt - other.usedAt);
    for (const [key, { block }] of oldest) {
      if (bytes <= maxBytes * 0.9) return;
      this.#calls.delete(key);
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

/** Whether no sum is beyond what numbers hold exactly. */
function isExact(rows: readonly FactRows[]): boolean {
  return rows.reduce((sum, { block }) => sum + block.greatestSum, 0) <= Number.MAX_SAFE_INTEGER;
}

function keyOf(file: string, hour: number): string {
  return `${file} ${hour}`;
}

function fileIn(key: string): string {
  return key.slice(0, key.indexOf(" "));
}

function callsByHour({ times, columns, rows }: ColumnBlock): ReadonlyMap<number, number> {
  const calls = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const hour = times[row] ?? 0;
    calls.set(hour, (calls.get(hour) ?? 0) + (columns.requests[row] ?? 0));
  }
  return calls;
}
/** Hours that follow each other, by the first and the last of them. */
function runsOf(hours: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const hour of hours.toSorted((one, other) => one - other)) {
    const run = runs.at(-1);
    if (run !== undefined && hour - run[1] === HOUR) run[1] = hour;
    else runs.push([hour, hour]);
  }
  return runs;
}
