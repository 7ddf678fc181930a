import type { Logger } from "../core/log.ts";
import type { AllowlistStatus } from "../core/counters/status.ts";
import { DirectoryWatch } from "../config/files/directory-watch.ts";
import { formatIssue, formatIssues, type ConfigIssue } from "../config/config-issue.ts";
import { loadAllowlist, missingAllowlist, readAllowlistBytes, type LoadedAllowlist } from "./load-allowlist.ts";
import { fingerprintAt } from "../config/files/read-file.ts";

/** One version of the access table, to be handed to the data threads. */
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
  /** Called when a new version was refused or the file went away; with `undefined` when the file is as before again. */
  readonly onError?: ((message: string | undefined) => void) | undefined;
  /** How long a file must not change before it is read. */
  readonly settleMs?: number | undefined;
}

const SETTLE_MS = 250;
/** A file whose last line has no end must keep still this many times longer. */
const PATIENCE = 4;
/** Whoever asks for a reload waits for a file that is changing, but not for ever. */
const RELOADS = 40;
const RELOAD_PAUSE_MS = 25;

/** Reads the allow-list and watches it from then on; issues, where there is none that could be in force. */
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
 * The allow-list in force, and the watch for its successor. A successor counts once its file has kept still (writers
 * are slow, editors write in pieces) and the whole of it is sound; until then, and for ever after a bad one, the last
 * good list stays.
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
  #refusedHash: string | undefined;
  #fingerprint = "";
  #stillFor = 0;
  #timer: NodeJS.Timeout | undefined;
  #examination: Promise<void> | undefined;
  #again = false;
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
    // What happened between the first read and the watch raised no event.
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

  /** Looks at the file now, without waiting for it to keep still. */
  async reload(): Promise<AllowlistStatus> {
    for (let attempt = 0; attempt < RELOADS && !this.#closed; attempt++) {
      while (this.#examination !== undefined) await this.#examination;
      let isJudged = false;
      await this.#run(async () => (isJudged = await this.#read(PATIENCE)));
      if (isJudged) return this.status();
      await new Promise((resolve) => setTimeout(resolve, RELOAD_PAUSE_MS));
    }
    return { ...this.status(), error: this.#error ?? "the file changes all the time" };
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#timer);
    this.#directory.close();
  }

  /** Any number of events while one examination is due or running lead to one more. */
  #schedule(delayMs: number): void {
    if (this.#closed || this.#timer !== undefined) return;
    if (this.#examination !== undefined) {
      this.#again = true;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#examination === undefined) void this.#run(() => this.#examine());
      else this.#again = true;
    }, delayMs);
  }

  async #run(work: () => Promise<boolean>): Promise<void> {
    this.#examination = work().then(
      (settled) => this.#finish(settled),
      (error: unknown) => {
        this.#options.log.error({ err: error }, "allow-list could not be checked");
        this.#finish(true);
      },
    );
    await this.#examination;
  }

  #finish(settled: boolean): void {
    this.#examination = undefined;
    const again = this.#again;
    this.#again = false;
    if (!settled) this.#schedule(this.#settleMs);
    else if (again) this.#schedule(0);
  }

  /** True once the file is judged; false while it is still moving. */
  async #examine(): Promise<boolean> {
    const fingerprint = await fingerprintAt(this.#options.path);
    this.#stillFor = fingerprint === this.#fingerprint ? this.#stillFor + 1 : 0;
    this.#fingerprint = fingerprint;
    return this.#stillFor > 0 && (await this.#read(this.#stillFor));
  }

  async #read(stillFor: number): Promise<boolean> {
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
    if (!content.endsWithNewline && stillFor < PATIENCE) return false;
    this.#directory.refresh();
    if (contentHash === this.#refusedHash && this.#error !== undefined) return true;
    const loaded = loadAllowlist(content, this.#options.path);
    if ("issues" in loaded) {
      this.#reject(loaded.issues);
      this.#refusedHash = contentHash;
    } else this.#replace(loaded);
    return true;
  }

  #replace(list: LoadedAllowlist): void {
    this.#list = list;
    this.#version += 1;
    this.#loadedAt = this.#options.now();
    this.#error = undefined;
    this.#refusedHash = undefined;
    const { path, onChange, log } = this.#options;
    log.info({ path, keys: list.keys, version: this.#version }, "allow-list reloaded");
    onChange(this.current);
  }

  #reject(issues: readonly ConfigIssue[]): void {
    this.#refusedHash = undefined;
    const [first] = issues;
    const others = issues.length > 1 ? ` and ${issues.length - 1} more` : "";
    const error = first === undefined ? "invalid" : formatIssue(first) + others;
    if (error === this.#error) return;
    this.#error = error;
    this.#reloadErrors += 1;
    const { path, log, onError } = this.#options;
    log.error({ path, faults: formatIssues(issues) }, "allow-list not reloaded; the last good one stays in force");
    onError?.(error);
  }

  /** The file is again what is in force: a mistake was undone. */
  #recover(): void {
    this.#refusedHash = undefined;
    if (this.#error === undefined) return;
    this.#error = undefined;
    const { path, log, onError } = this.#options;
    log.info({ path, keys: this.#list.keys }, "allow-list file matches the list in force again");
    onError?.(undefined);
  }
}
