import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";

import { errorCode } from "../../core/errno.ts";
import { LedgerOpenError } from "../files/ledger-open-error.ts";
import { isSameProcess, liveness, ownIdentity } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

interface LockOptions {
  readonly path: string;
  readonly instance: string;
  /** An instance of this process whose worker has died; its lock may be taken over at once. */
  readonly replaces: string | undefined;
  readonly now: () => number;
}

interface Holder extends ProcessIdentity {
  readonly instance: string;
  readonly heartbeat: number;
}

export const HEARTBEAT_MS = 5_000;
/** Without renewal for so long, a lock may be taken over. */
export const STALE_MS = 15_000;
const MAX_TRIES = 10;
const MAX_LOCK_BYTES = 4_096;

/**
 * Lets one instance at a time write to a path. It is a file because Node cannot call flock(2), which moreover does not
 * work across machines. The holder renews it every five seconds.
 */
export class LockFile {
  readonly #options: LockOptions;
  readonly #self: ProcessIdentity = ownIdentity();
  #heartbeatAt: number;
  /** Our lock, kept open so that it can be renewed when the process has no file descriptor left. */
  #fd: number | undefined;

  private constructor(options: LockOptions) {
    this.#options = options;
    this.#heartbeatAt = options.now();
  }

  /** Throws `LedgerOpenError` while another instance holds the lock, and system errors as they are. */
  static acquire(options: LockOptions): LockFile {
    const lock = new LockFile(options);
    try {
      lock.#acquire();
      return lock;
    } catch (error) {
      lock.#close();
      throw error;
    }
  }

  #acquire(): void {
    const options = this.#options;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (this.#create(options.path)) return;
      const holder = readHolder(options.path);
      if (holder === undefined) continue;
      if (!this.#mayReplace(holder)) throw heldBy(holder, options);
      if (this.#replace(holder)) return;
    }
    throw new LedgerOpenError(
      `the lock ${options.path} keeps changing its holder. Check whether another program uses this file name.`,
    );
  }

  /** True while the last heartbeat is recent enough that no other process may treat the lock as stale. */
  isFresh(): boolean {
    return Math.abs(this.#options.now() - this.#heartbeatAt) < 2 * HEARTBEAT_MS;
  }

  /** Renews the lock; false if another instance has taken it. */
  heartbeat(): boolean {
    const { path, instance } = this.#options;
    if (this.#holder() === undefined && this.#create(path)) return true;
    if (this.#holder()?.instance !== instance) {
      this.#close();
      return false;
    }
    // The content always has the same length and is overwritten in place, so the lock is never missing or empty.
    this.#write(this.#openOwn());
    return true;
  }

  /** Removes the lock, unless another instance has taken it. */
  release(): void {
    const { path, instance } = this.#options;
    try {
      if (this.#holder()?.instance === instance) unlinkSync(path);
    } finally {
      this.#close();
    }
  }

  /** Who holds the lock; `undefined` if there is none. */
  #holder(): Holder | undefined {
    const { path } = this.#options;
    try {
      return readHolder(path);
    } catch (error) {
      if (this.#fd === undefined || !isOutOfDescriptors(error)) throw error;
      if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
      // The open file can be read without a new descriptor. If it is no longer at the path, the holder is another one.
      return parseHolder(this.#isAtPath(this.#fd) ? readFrom(this.#fd) : "", 0);
    }
  }

  /** The open lock. A program that restores files may have put a copy in its place. */
  #openOwn(): number {
    if (this.#fd !== undefined && this.#isAtPath(this.#fd)) return this.#fd;
    this.#close();
    this.#fd = openSync(this.#options.path, "r+");
    return this.#fd;
  }

  #isAtPath(fd: number): boolean {
    const found = statSync(this.#options.path, { bigint: true, throwIfNoEntry: false });
    const own = fstatSync(fd, { bigint: true });
    return found !== undefined && found.ino === own.ino && found.dev === own.dev;
  }

  #close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  /** Creates the file with our lock and keeps it open. False if it exists already. */
  #create(path: string): boolean {
    let fd: number;
    try {
      fd = openSync(path, "wx+", 0o640);
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
    this.#close();
    this.#fd = fd;
    try {
      this.#write(fd);
      return true;
    } catch (error) {
      unlinkSync(path);
      throw error;
    }
  }

  #write(fd: number): void {
    const at = this.#options.now();
    const { pid, host, pidSpace, startedAt } = this.#self;
    const heartbeat = new Date(at).toISOString();
    writeSync(
      fd,
      `${JSON.stringify({ instance: this.#options.instance, pid, host, heartbeat, pidSpace, startedAt })}\n`,
      0,
    );
    this.#heartbeatAt = at;
  }

  #mayReplace(holder: Holder): boolean {
    if (holder.instance === this.#options.replaces && isSameProcess(holder, this.#self)) return true;
    // A heartbeat from the future is stale as well: the clock has been set back since.
    if (Math.abs(this.#options.now() - holder.heartbeat) > STALE_MS) return true;
    return liveness(holder) === "dead";
  }

  /**
   * Replaces an abandoned lock by ours. Of several instances that try, the one that creates `<lock>.next` renames it over
   * the old lock, which is therefore never missing. An instance that was delayed may rename another instance's file
   * instead, so the content of the lock decides in the end.
   */
  #replace(abandoned: Holder): boolean {
    const { path } = this.#options;
    const next = `${path}.next`;
    if (!this.#create(next)) {
      const competitor = readHolder(next);
      if (competitor && !this.#mayReplace(competitor)) throw heldBy(competitor, this.#options);
      unlessMissing(() => unlinkSync(next));
      return false;
    }
    const holder = readHolder(path);
    if (holder?.instance !== abandoned.instance || holder.heartbeat !== abandoned.heartbeat) {
      unlessMissing(() => unlinkSync(next));
      return false;
    }
    unlessMissing(() => renameSync(next, path));
    return readHolder(path)?.instance === this.#options.instance;
  }
}

function isOutOfDescriptors(error: unknown): boolean {
  const code = errorCode(error);
  return code === "EMFILE" || code === "ENFILE";
}

function readFrom(fd: number): string {
  const bytes = Buffer.alloc(MAX_LOCK_BYTES);
  return bytes.toString("utf8", 0, readSync(fd, bytes, 0, MAX_LOCK_BYTES, 0));
}

function unlessMissing(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

/** `undefined` if there is no lock. Where the heartbeat cannot be read, the file's modification time replaces it. */
function readHolder(path: string): Holder | undefined {
  try {
    return parseHolder(readFileSync(path, "utf8"), statSync(path).mtimeMs);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseHolder(text: string, modifiedAt: number): Holder {
  const found = parseObject(text);
  const heartbeat = Date.parse(textOf(found["heartbeat"]) ?? "");
  return {
    instance: textOf(found["instance"]) ?? "",
    pid: typeof found["pid"] === "number" ? found["pid"] : 0,
    host: textOf(found["host"]) ?? "unknown",
    pidSpace: textOf(found["pidSpace"]) ?? null,
    startedAt: textOf(found["startedAt"]) ?? null,
    heartbeat: Number.isNaN(heartbeat) ? modifiedAt : heartbeat,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    // as: any object may be read by name; each member is checked where it is used.
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Empty or half-written: its holder is writing it at this moment, or died while it did.
  }
  return {};
}

function heldBy(holder: Holder, { path, now }: LockOptions): LedgerOpenError {
  const ageMs = Math.max(0, now() - holder.heartbeat);
  const name =
    holder.pid === 0 ? "an unknown process" : `pid ${holder.pid} on host ${holder.host} (instance ${holder.instance})`;
  const mayHaveEnded = liveness(holder) !== "alive";
  const expiry = mayHaveEnded
    ? ` If it has ended, its lock expires ${STALE_MS / 1000} s after it was last seen and can be taken over then.`
    : "";
  return new LedgerOpenError(
    `another LMGate is writing to this stats file: ${path} is held by ${name}, last seen ${Math.round(ageMs / 1000)} s ago. ` +
      `Stop that process, or set a different stats.output_path here.${expiry}`,
    { mayHaveEnded },
  );
}
