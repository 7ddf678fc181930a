import type { Logger } from "../core/log.ts";
import type { AllowlistStatus } from "../core/counters/status.ts";
import { DirectoryWatch } from "../config/files/directory-watch.ts";
import { formatIssue, formatIssues, type ConfigIssue } from "../config/config-issue.ts";
import { loadAllowlist, missingAllowlist, readAllowlistBytes, type LoadedAllowlist } from "./load-allowlist.ts";
import { fingerprintAt } from "../config/files/read-file.ts";

/** One version of the access table, for the data workers. */
export interface AllowlistVersion {
  readonly buffer: SharedArrayBuffer;
  readonly version: number;
  readonly keys: number;
}

export interface AllowlistOptions {
  readonly path: string;
  readonly pollIntervalMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Logger;
  readonly onChange: (version: AllowlistVersion) => void;
  /** Called with the error when a new version is invalid or the file is gone, and with `undefined` once that is undone. */
  readonly onError?: ((message: string | undefined) => void) | undefined;
  /** How long a file must stay unchanged before it is read. */
  readonly settleMs?: number | undefined;
}

const SETTLE_MS = 250;
/** A file without a line end at its end must stay unchanged this many times longer. */
const UNFINISHED_FACTOR = 4;
/** Attempts of an explicit reload while the file keeps changing. */
const RELOADS = 40;
const RELOAD_PAUSE_MS = 25;

/** Reads the allow-list and watches it from then on. Returns the issues if the list cannot be put in force. */
export async function openAllowlist(
  options: AllowlistOptions,
): Promise<AllowlistWatch | { readonly issues: readonly ConfigIssue[] }> {
  let content = await readAllowlistBytes(options.path);
  if ("code" in content ? content.code === "CHANGING" : !content.endsWithNewline) {
    await new Promise((resolve) => setTimeout(resolve, options.settleMs ?? SETTLE_MS));
    content = await readAllowlistBytes(options.path);
  }
  if ("code" in content) return { issues: [missingAllowlist(options.path, content)] };
  const loaded = loadAllowlist(content, options.path);
  return "issues" in loaded ? loaded : new AllowlistWatch(options, loaded);
}

/**
 * The allow-list in force, and the watch for a new version. A new version is put in force once its file has stayed
 * unchanged for a while (some writers are slow, and editors write in pieces) and is valid as a whole. Until then the last
 * good list stays in force.
 */
export class AllowlistWatch {
  readonly #options: AllowlistOptions;
  readonly #settleMs: number;
  readonly #directory: DirectoryWatch;
  readonly #poll: NodeJS.Timeout;
  #list: LoadedAllowlist;
  #version = 1;
  #loadedAt: number;
  #error: string | undefined;
  #reloadErrors = 0;
  #rejectedHash: string | undefined;
  #fingerprint = "";
  #unchangedChecks = 0;
  #timer: NodeJS.Timeout | undefined;
  #check: Promise<void> | undefined;
  #isCheckDue = false;
  #closed = false;

  /** For `openAllowlist`. */
  constructor(options: AllowlistOptions, list: LoadedAllowlist) {
    this.#options = options;
    this.#settleMs = options.settleMs ?? SETTLE_MS;
    this.#list = list;
    this.#loadedAt = options.now();
    this.#directory = new DirectoryWatch(options.path, () => this.#schedule(0));
    this.#poll = setInterval(() => {
      this.#directory.refresh();
      this.#schedule(0);
    }, options.pollIntervalMs);
    // A change between the first read and the start of the watch raised no event.
    this.#schedule(0);
  }

  get current(): AllowlistVersion {
    return { buffer: this.#list.table, version: this.#version, keys: this.#list.keys };
  }

  status(): AllowlistStatus {
    return {
      path: this.#options.path,
      keys: this.#list.keys,
      version: this.#version,
      loadedAt: new Date(this.#loadedAt).toISOString(),
      error: this.#error,
      reloadErrors: this.#reloadErrors,
    };
  }

  /** Reads the file now, without waiting until it stays unchanged. */
  async reload(): Promise<AllowlistStatus> {
    for (let attempt = 0; attempt < RELOADS && !this.#closed; attempt++) {
      while (this.#check !== undefined) await this.#check;
      let isDone = false;
      await this.#run(async () => (isDone = await this.#read(UNFINISHED_FACTOR)));
      if (isDone) return this.status();
      await new Promise((resolve) => setTimeout(resolve, RELOAD_PAUSE_MS));
    }
    return { ...this.status(), error: this.#error ?? "the file keeps changing" };
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#timer);
    this.#directory.close();
  }

  /** Events that arrive while a check is due or running lead to one more check in all. */
  #schedule(delayMs: number): void {
    if (this.#closed || this.#timer !== undefined) return;
    if (this.#check !== undefined) {
      this.#isCheckDue = true;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#check === undefined) void this.#run(() => this.#checkFile());
      else this.#isCheckDue = true;
    }, delayMs);
  }

  async #run(work: () => Promise<boolean>): Promise<void> {
    this.#check = work().then(
      (isDone) => this.#finish(isDone),
      (error: unknown) => {
        this.#options.log.error({ err: error }, "allow-list could not be checked");
        this.#finish(true);
      },
    );
    await this.#check;
  }

  #finish(isDone: boolean): void {
    this.#check = undefined;
    const isCheckDue = this.#isCheckDue;
    this.#isCheckDue = false;
    if (!isDone) this.#schedule(this.#settleMs);
    else if (isCheckDue) this.#schedule(0);
  }

  /** True once the file was read and checked; false while it is still changing. */
  async #checkFile(): Promise<boolean> {
    const fingerprint = await fingerprintAt(this.#options.path);
    this.#unchangedChecks = fingerprint === this.#fingerprint ? this.#unchangedChecks + 1 : 0;
    this.#fingerprint = fingerprint;
    return this.#unchangedChecks > 0 && (await this.#read(this.#unchangedChecks));
  }

  async #read(unchangedChecks: number): Promise<boolean> {
    const content = await readAllowlistBytes(this.#options.path);
    if (this.#closed) return true;
    if ("code" in content) {
      if (content.code === "CHANGING") return false;
      this.#directory.refresh();
      this.#reject([missingAllowlist(this.#options.path, content)]);
      return true;
    }
    const { contentHash } = content;
    if (contentHash === this.#list.contentHash) {
      this.#recover();
      return true;
    }
    if (!content.endsWithNewline && unchangedChecks < UNFINISHED_FACTOR) return false;
    this.#directory.refresh();
    if (contentHash === this.#rejectedHash && this.#error !== undefined) return true;
    const loaded = loadAllowlist(content, this.#options.path);
    if ("issues" in loaded) {
      this.#reject(loaded.issues);
      this.#rejectedHash = contentHash;
    } else this.#replace(loaded);
    return true;
  }

  #replace(list: LoadedAllowlist): void {
    this.#list = list;
    this.#version += 1;
    this.#loadedAt = this.#options.now();
    this.#error = undefined;
    this.#rejectedHash = undefined;
    const { path, onChange, log } = this.#options;
    log.info({ path, keys: list.keys, version: this.#version }, "allow-list reloaded");
    onChange(this.current);
  }

  #reject(issues: readonly ConfigIssue[]): void {
    this.#rejectedHash = undefined;
    const [first] = issues;
    const others = issues.length > 1 ? ` and ${issues.length - 1} more` : "";
    const error = first === undefined ? "invalid" : formatIssue(first) + others;
    if (error === this.#error) return;
    this.#error = error;
    this.#reloadErrors += 1;
    const { path, log, onError } = this.#options;
    log.error({ path, faults: formatIssues(issues) }, "allow-list not reloaded; the last valid one stays in force");
    onError?.(error);
  }

  /** The file is the same as the list in force again: a mistake was undone. */
  #recover(): void {
    this.#rejectedHash = undefined;
    if (this.#error === undefined) return;
    this.#error = undefined;
    const { path, log, onError } = this.#options;
    log.info({ path, keys: this.#list.keys }, "allow-list file matches the list in force again");
    onError?.(undefined);
  }
}
