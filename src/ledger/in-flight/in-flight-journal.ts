import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import type { InFlightRequest, InFlightChange } from "../../core/request/in-flight.ts";
import { errorCode } from "../../core/errno.ts";

// Which calls run, on disk, for whoever starts after this process was killed. It says nothing of calls that took less
// than a tenth of a second, and nothing about anything once they are over.

export interface JournalEntry extends InFlightRequest {
  /** The data thread that the call is on. */
  readonly thread: string;
}

export interface LeftJournal {
  readonly instance: string;
  readonly entries: readonly JournalEntry[];
  /** When its writer was last known to live, in epoch milliseconds. */
  readonly lastAt: number;
}

interface JournalOptions {
  readonly path: string;
  readonly mode: number;
  readonly instance: string;
  readonly now: () => number;
  /** Whether the path is ours to write. */
  readonly mayWrite: () => boolean;
}

/** A journal of which less is needed than this is not worth making anew. */
const MIN_REWRITE_BYTES = 256 * 1024;
const BEAT_MS = 900;

/** Written by the ledger thread, behind the records: a call that is gone here has its record in the stats file. */
export class InFlightJournal {
  readonly #options: JournalOptions;
  /** The line of each call that runs, for making the file anew. */
  readonly #lines = new Map<string, { readonly entry: JournalEntry; readonly line: string }>();
  #fd: number | undefined;
  #size = 0;
  #neededBytes = 0;
  #lastAt = 0;
  /** What is on disk is not what it should be: the next write makes it anew. */
  #stale = true;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Calls that another wrote down before. */
  adopt(entries: readonly JournalEntry[]): void {
    for (const entry of entries) this.#keep(entry, aliveLine(entry.thread, entry));
  }

  update(thread: string, { alive, gone }: InFlightChange): void {
    const lines: string[] = [];
    for (const call of alive) {
      const line = aliveLine(thread, call);
      this.#keep({ ...call, thread }, line);
      lines.push(line);
    }
    const over = gone.filter((id) => this.#forget(id));
    if (over.length > 0) lines.push(`{"gone":${JSON.stringify(over)}}\n`);
    if (lines.length > 0) this.#write(lines.join(""));
  }

  entriesOf(thread: string): readonly JournalEntry[] {
    return [...this.#lines.values()].map(({ entry }) => entry).filter((entry) => entry.thread === thread);
  }

  /** While calls run and nothing changes, it says now and then that its writer lives. */
  beat(): void {
    if (this.#stale) this.#rewrite();
    else if (this.#lines.size > 0 && this.#options.now() - this.#lastAt > BEAT_MS) this.#write("");
  }

  /** In order: no call runs, and nothing is left to say. */
  close(): void {
    this.#closeFile();
    if (this.#lines.size === 0 && this.#options.mayWrite())
      ignoringFaults(() => rmSync(this.#options.path, { force: true }));
  }

  #keep(entry: JournalEntry, line: string): void {
    this.#forget(entry.id);
    this.#lines.set(entry.id, { entry, line });
    this.#neededBytes += line.length;
  }

  #forget(id: string): boolean {
    const kept = this.#lines.get(id);
    if (kept === undefined) return false;
    this.#neededBytes -= kept.line.length;
    return this.#lines.delete(id);
  }

  #write(text: string): void {
    if (this.#stale || (this.#size > MIN_REWRITE_BYTES && this.#size > 4 * this.#neededBytes)) {
      this.#rewrite();
      return;
    }
    this.#attempt(() => this.#append(text + this.#timeLine()));
  }

  #timeLine(): string {
    this.#lastAt = this.#options.now();
    return `{"at":${this.#lastAt}}\n`;
  }

  /** As a whole, under another name first: at any moment the name leads to a journal that is complete. */
  #rewrite(): void {
    const { path, mode, instance } = this.#options;
    const text = [`{"journal":1,"instance":${JSON.stringify(instance)}}\n`];
    for (const { line } of this.#lines.values()) text.push(line);
    text.push(this.#timeLine());
    this.#attempt(() => {
      this.#closeFile();
      const next = `${path}.next`;
      this.#fd = openSync(next, "w", mode);
      this.#size = 0;
      this.#append(text.join(""));
      renameSync(next, path);
    });
  }

  #append(text: string): void {
    const bytes = Buffer.from(text);
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#fd ?? -1, bytes, written);
    this.#size += bytes.length;
  }

  /** A journal that cannot be written harms no call: it is made anew when it can be. */
  #attempt(write: () => void): void {
    this.#stale = true;
    if (!this.#options.mayWrite()) return;
    try {
      write();
      this.#stale = false;
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
    }
  }

  #closeFile(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) ignoringFaults(() => closeSync(fd));
  }
}

function aliveLine(thread: string, { id, startedAt, record }: InFlightRequest): string {
  return `{"id":"${id}","thread":${JSON.stringify(thread)},"startedAt":${startedAt},"record":${record}}\n`;
}

/** What a process left; `undefined` where there is nothing to be read. What cannot be understood is passed over. */
export function readJournal(path: string): LeftJournal | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
  const entries = new Map<string, JournalEntry>();
  let instance = "";
  let lastAt = 0;
  for (const line of text.split("\n")) {
    const found = parsed(line);
    if (typeof found["instance"] === "string") instance = found["instance"];
    if (typeof found["at"] === "number") lastAt = Math.max(lastAt, found["at"]);
    if (Array.isArray(found["gone"])) for (const id of found["gone"]) entries.delete(String(id));
    const entry = entryOf(found);
    if (entry !== undefined) entries.set(entry.id, entry);
  }
  return { instance, entries: [...entries.values()], lastAt };
}

function entryOf({ id, thread, startedAt, record }: Readonly<Record<string, unknown>>): JournalEntry | undefined {
  if (typeof id !== "string" || typeof thread !== "string" || typeof startedAt !== "number") return undefined;
  if (typeof record !== "object" || record === null) return undefined;
  return { id, thread, startedAt, record: JSON.stringify(record) };
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    // Any object may be read by name; what is found there is checked where it is used.
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // The line that its writer died on.
  }
  return {};
}

function ignoringFaults(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}
