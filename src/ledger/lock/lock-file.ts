import { closeSync, openSync, readFileSync, renameSync, statSync, unlinkSync, writeSync } from "node:fs";

import { errorCode } from "../../core/errno.ts";
import { LedgerOpenError } from "../writer/ledger-open-error.ts";
import { isSameProcess, liveness, ownIdentity } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

interface LockOptions {
  readonly path: string;
  readonly instance: string;
  /** An instance of this very process whose thread has died; its lock may be taken at once. */
  readonly replaces: string | undefined;
  readonly now: () => number;
}

interface Holder extends ProcessIdentity {
  readonly instance: string;
  readonly heartbeat: number;
}

export const HEARTBEAT_MS = 5_000;
const STALE_MS = 15_000;
const MAX_TRIES = 10;

/**
 * Says that one instance writes here. A file rather than flock(2), which Node cannot call and which means nothing
 * across machines; its holder shows every five seconds that it lives.
 */
export class LockFile {
  readonly #options: LockOptions;
  readonly #self: ProcessIdentity = ownIdentity();
  #heartbeatAt: number;

  private constructor(options: LockOptions) {
    this.#options = options;
    this.#heartbeatAt = options.now();
  }

  /** Throws `LedgerOpenError` while another instance holds the lock, and system errors as they are. */
  static acquire(options: LockOptions): LockFile {
    const lock = new LockFile(options);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (lock.#create(options.path)) return lock;
      const holder = readHolder(options.path);
      if (holder === undefined) continue;
      if (!lock.#mayReplace(holder)) throw heldBy(holder, options);
      if (lock.#replace(holder)) return lock;
    }
    throw new LedgerOpenError(
      `the lock ${options.path} changes hands again and again; is something else using this name?`,
    );
  }

  /** True while nobody can have come to think that this lock is abandoned. */
  isFresh(): boolean {
    return Math.abs(this.#options.now() - this.#heartbeatAt) < 2 * HEARTBEAT_MS;
  }

  /** Shows that the holder lives; false if somebody else has taken the lock. */
  heartbeat(): boolean {
    const { path } = this.#options;
    if (readHolder(path) === undefined && this.#create(path)) return true;
    if (!this.#isOurs()) return false;
    // Always the same length, so written over in place: the lock is never missing and never empty.
    const fd = openSync(path, "r+");
    try {
      this.#write(fd);
    } finally {
      closeSync(fd);
    }
    return true;
  }

  /** Leaves the lock to others, unless others have it already. */
  release(): void {
    if (this.#isOurs()) unlinkSync(this.#options.path);
  }

  #isOurs(): boolean {
    return readHolder(this.#options.path)?.instance === this.#options.instance;
  }

  /** False if there is such a file already. */
  #create(path: string): boolean {
    let fd: number;
    try {
      fd = openSync(path, "wx", 0o640);
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
    try {
      this.#write(fd);
      return true;
    } catch (error) {
      unlinkSync(path);
      throw error;
    } finally {
      closeSync(fd);
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
    // A heartbeat from the future is as dead as an old one: the clock was set back since.
    if (Math.abs(this.#options.now() - holder.heartbeat) > STALE_MS) return true;
    return liveness(holder) === "dead";
  }

  /**
   * Puts our lock in the place of an abandoned one. Of several that try, the one that makes the next lock may rename it
   * over the old one, which so is never missing. One that was held up may thereby install the next lock of another
   * instead: what the lock says in the end is what holds.
   */
  #replace(abandoned: Holder): boolean {
    const { path } = this.#options;
    const next = `${path}.next`;
    if (!this.#create(next)) {
      const rival = readHolder(next);
      if (rival && !this.#mayReplace(rival)) throw heldBy(rival, this.#options);
      unlessMissing(() => unlinkSync(next));
      return false;
    }
    const holder = readHolder(path);
    if (holder?.instance !== abandoned.instance || holder.heartbeat !== abandoned.heartbeat) {
      unlessMissing(() => unlinkSync(next));
      return false;
    }
    unlessMissing(() => renameSync(next, path));
    return this.#isOurs();
  }
}

function unlessMissing(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

/** `undefined` if there is no lock. What is in it is believed as far as it can be read; its age then is the file's. */
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
    // Any object may be read by name; what is found there is checked where it is used.
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Empty or half-written: its maker was just beginning, or died while it did.
  }
  return {};
}

function heldBy(holder: Holder, { path, now }: LockOptions): LedgerOpenError {
  const ageMs = Math.max(0, now() - holder.heartbeat);
  const who =
    holder.pid === 0 ? "an unknown process" : `pid ${holder.pid} on host ${holder.host} (instance ${holder.instance})`;
  return new LedgerOpenError(
    `another LMGate writes to this stats file: ${path} is held by ${who}, last heard of ${Math.round(ageMs / 1000)} s ago. ` +
      `Stop that one, or give this one a stats.output_path of its own. If it no longer runs, its lock expires ` +
      `${STALE_MS / 1000} s after it was last heard of: try again then.`,
    liveness(holder) === "alive" ? undefined : STALE_MS - ageMs + 1,
  );
}
