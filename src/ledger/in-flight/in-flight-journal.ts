import { closeSync, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import type { InFlightRequest, InFlightChange } from "../../core/request/in-flight.ts";
import { errorCode } from "../../core/errno.ts";
import { writeFully } from "../../jsonl/file-bytes.ts";

// The running requests, on disk, so that the next process can record those that were running when this one was killed.
// Requests shorter than a tenth of a second are not in it, and a request is dropped from it once its record is written.

export interface JournalEntry extends InFlightRequest {
  /** The data worker that carries the request. */
  readonly worker: string;
}

export interface JournalContents {
  readonly instance: string;
  readonly entries: readonly JournalEntry[];
  /** When its writer was last known to run, in epoch milliseconds; 0 if the journal does not say. */
  readonly lastAt: number;
}

interface KeptRequest {
  readonly worker: string;
  readonly request: InFlightRequest;
  readonly line: string;
}

interface JournalOptions {
  readonly path: string;
  readonly mode: number;
  readonly instance: string;
  readonly now: () => number;
  /** False while another process holds the lock. */
  readonly mayWrite: () => boolean;
}

/** A journal smaller than this is not worth compacting. */
const MIN_REWRITE_BYTES = 256 * 1024;
const HEARTBEAT_MS = 900;

/** The ledger worker writes it after the records: a request that is no longer in it has its record in the stats file. */
export class InFlightJournal {
  readonly #options: JournalOptions;
  /** The line of each running request, to rewrite the file from. */
  readonly #lines = new Map<string, KeptRequest>();
  #fd: number | undefined;
  #size = 0;
  #neededBytes = 0;
  #lastAt = 0;
  /** The file on disk is incomplete: the next write replaces it. */
  #stale = true;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Takes over requests from the journal of the last process. */
  adopt(entries: readonly JournalEntry[]): void {
    for (const entry of entries) this.#keep(entry.worker, entry, requestLine(entry.worker, entry));
  }

  update(worker: string, { alive, gone }: InFlightChange): void {
    const lines: string[] = [];
    for (const request of alive) {
      const line = requestLine(worker, request);
      this.#keep(worker, request, line);
      lines.push(line);
    }
    const removed = gone.filter((id) => this.#remove(id));
    if (removed.length > 0) lines.push(`{"gone":${JSON.stringify(removed)}}\n`);
    if (lines.length > 0) this.#write(lines.join(""));
  }

  entriesOf(worker: string): readonly JournalEntry[] {
    const kept = [...this.#lines.values()].filter((each) => each.worker === worker);
    return kept.map(({ request }) => ({ ...request, worker }));
  }

  /** While requests run and nothing changes, it notes at intervals that its writer is running. */
  heartbeat(): void {
    if (this.#stale) this.#rewrite();
    else if (this.#lines.size > 0 && this.#options.now() - this.#lastAt > HEARTBEAT_MS) this.#write("");
  }

  /** Removes the file if no request is running, as after a clean stop. */
  close(): void {
    this.#closeFile();
    if (this.#lines.size === 0 && this.#options.mayWrite())
      ignoreSystemErrors(() => rmSync(this.#options.path, { force: true }));
  }

  #keep(worker: string, request: InFlightRequest, line: string): void {
    this.#remove(request.id);
    this.#lines.set(request.id, { worker, request, line });
    this.#neededBytes += line.length;
  }

  #remove(id: string): boolean {
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

  /** Writes the whole file under another name and renames it, so that the path always leads to a complete journal. */
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
    writeFully(this.#fd ?? -1, bytes);
    this.#size += bytes.length;
  }

  /** A journal that cannot be written does not affect requests; it is rewritten once that is possible. */
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
    if (fd !== undefined) ignoreSystemErrors(() => closeSync(fd));
  }
}

function requestLine(worker: string, { id, startedAt, snapshot }: InFlightRequest): string {
  return `{"id":"${id}","thread":${JSON.stringify(worker)},"startedAt":${startedAt},"snapshot":${JSON.stringify(snapshot)}}\n`;
}

/** The journal of the last process; `undefined` if there is none. Lines that cannot be parsed are skipped. */
export function readJournal(path: string): JournalContents | undefined {
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
    const found = parseLine(line);
    if (typeof found["instance"] === "string") instance = found["instance"];
    if (typeof found["at"] === "number") lastAt = Math.max(lastAt, found["at"]);
    if (Array.isArray(found["gone"])) for (const id of found["gone"]) entries.delete(String(id));
    const entry = entryOf(found);
    if (entry !== undefined) entries.set(entry.id, entry);
  }
  return { instance, entries: [...entries.values()], lastAt };
}

function entryOf(line: Readonly<Record<string, unknown>>): JournalEntry | undefined {
  const { id, thread, startedAt, snapshot, record } = line;
  if (typeof id !== "string" || typeof thread !== "string" || typeof startedAt !== "number") return undefined;
  if (typeof snapshot === "string") return { id, worker: thread, startedAt, snapshot };
  // Earlier versions kept the records themselves.
  if (typeof record !== "object" || record === null) return undefined;
  return { id, worker: thread, startedAt, snapshot: JSON.stringify(record) };
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    // as: any object may be read by name; each member is checked where it is used.
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // The line that a crash cut off.
  }
  return {};
}

function ignoreSystemErrors(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}
