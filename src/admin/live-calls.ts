import { type FileHandle, open, stat } from "node:fs/promises";
import type { CallRecord } from "../core/call-record.ts";
import { clientAppOf } from "../store/client-app.ts";
import { matchesFilters } from "./matches-filters.ts";
import type { Filter } from "../store/question.ts";
import type { CallRow } from "./contract.ts";
import type { SendEvent } from "./event-stream.ts";

export interface Listening {
  readonly filters: readonly Filter[];
  /** Calls a second; those beyond are counted and not sent. */
  readonly rate: number;
}

interface Listener extends Listening {
  readonly send: SendEvent;
  sent: number;
  skipped: number;
}

const POLL_MS = 200;
const SECOND = 1000;
/** More than this at once is not looked at line by line: nobody could read it. */
const MAX_READ = 1024 * 1024;

/** Follows the end of the stats file for those who watch calls, and only while somebody does. */
export class LiveCalls {
  readonly #path: string;
  readonly #listeners = new Set<Listener>();
  #file: FileHandle | undefined;
  #inode = 0;
  #offset = 0;
  #rest = "";
  #poll: NodeJS.Timeout | undefined;
  #tick: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Gives what ends it. */
  listen(listening: Listening, send: SendEvent): () => void {
    const listener = { ...listening, send, sent: 0, skipped: 0 };
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#end();
    };
  }

  close(): void {
    this.#listeners.clear();
    this.#end();
  }

  #begin(): void {
    this.#offset = -1;
    this.#tick = setInterval(() => this.#newSecond(), SECOND).unref();
    this.#next(0);
  }

  #end(): void {
    clearTimeout(this.#poll);
    clearInterval(this.#tick);
    this.#poll = undefined;
    void this.#file?.close();
    this.#file = undefined;
    this.#rest = "";
  }

  #next(delayMs: number): void {
    this.#poll = setTimeout(() => {
      this.#read()
        // A file that is not there now will be there when the next call ends.
        .catch(() => (this.#file = undefined))
        .finally(() => {
          if (this.#listeners.size > 0) this.#next(POLL_MS);
        });
    }, delayMs).unref();
  }

  async #read(): Promise<void> {
    const { ino, size } = await stat(this.#path);
    if (this.#file === undefined || ino !== this.#inode) await this.#open(ino, size);
    const file = this.#file;
    if (file === undefined) return;
    if (size < this.#offset) this.#offset = 0;
    const length = Math.min(size - this.#offset, MAX_READ);
    if (length <= 0) return;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, this.#offset);
    // Of a flood the newest is shown.
    const isFlood = size - this.#offset > MAX_READ;
    this.#offset = isFlood ? size : this.#offset + bytesRead;
    const lines = (this.#rest + buffer.toString("utf8", 0, bytesRead)).split("\n");
    this.#rest = isFlood ? "" : (lines.pop() ?? "");
    for (const line of lines) this.#tell(line);
  }

  /** The first time it begins at the end; a file that took another's place is new from its beginning. */
  async #open(inode: number, size: number): Promise<void> {
    await this.#file?.close();
    this.#file = await open(this.#path, "r");
    this.#offset = this.#offset < 0 ? size : 0;
    this.#inode = inode;
    this.#rest = "";
  }

  #tell(line: string): void {
    const row = rowOf(line);
    if (row === undefined) return;
    for (const listener of this.#listeners) {
      if (!matchesFilters(row, listener.filters)) continue;
      if (listener.sent < listener.rate && listener.send("call", row)) listener.sent++;
      else listener.skipped++;
    }
  }

  #newSecond(): void {
    for (const listener of this.#listeners) {
      if (listener.skipped > 0 && listener.send("skipped", { count: listener.skipped })) listener.skipped = 0;
      listener.sent = 0;
    }
  }
}

function rowOf(line: string): (CallRow & Pick<CallRecord, "tags">) | undefined {
  try {
    const record = JSON.parse(line) as CallRecord; // the ledger's own line; a torn one is no JSON
    return { ...record, client_app: clientAppOf(record.user_agent) ?? "unknown" };
  } catch {
    return undefined;
  }
}
