/**
 * The gateway's side of the store's process. It starts the process for the first query, sends it queries, restarts it if it
 * crashes, and ends it when there have been no queries for a while. None of that loses anything: the store is built from the
 * ledger. DuckDB is loaded only in that process, which has a lower priority than requests.
 */
import { fork, type ChildProcess } from "node:child_process";
import type { Logger } from "../../core/log.ts";
import { Backoff } from "../../core/backoff.ts";
import type { LocatedStore } from "../files/store-directory.ts";
import type { FromStore, PlainError, ToStore } from "./store-protocol.ts";

export interface StoreClientOptions {
  readonly settings: LocatedStore;
  readonly ledgerPath: string;
  readonly log: Logger;
  /** The process ends after this time without a query. */
  readonly idleMs?: number;
}

/** The store cannot be queried: it is disabled or stopped, or its process ended during the query. */
export class StoreUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StoreUnavailable";
  }
}

/** An error from the store's process. */
class StoreProcessError extends Error {
  readonly properties: PlainError["properties"];

  constructor({ name, message, properties }: PlainError) {
    super(message);
    this.name = name;
    this.properties = properties;
  }
}

/** Long enough that reading a page does not end it, short enough that a closed dashboard costs nothing. */
const IDLE_MS = 5 * 60_000;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 60_000;
/** A query during the start of the process waits for it up to this long. */
const READY_DEADLINE_MS = 15_000;
const HEAP_MEGABYTES = 512;
const KEPT_STDERR = 2000;

interface Pending {
  resolve(value: unknown): void;
  part(bytes: Uint8Array): void;
  reject(error: Error): void;
}

export class StoreClient {
  readonly #options: StoreClientOptions;
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  #ready = Promise.withResolvers<undefined>();
  #lastId = 0;
  #startedAt = 0;
  #restarts = 0;
  readonly #backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
  #restart: NodeJS.Timeout | undefined;
  #stopped = false;
  /** The process has been asked to end, and does not take queries any more. */
  #isClosing = false;
  #users = 0;
  #idle: NodeJS.Timeout | undefined;
  #end = Promise.withResolvers<void>();

  constructor(options: StoreClientOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => undefined);
    this.#end.resolve();
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** True if no process runs because there are no queries. The next one starts it. */
  get isAsleep(): boolean {
    return !this.#stopped && this.#restart === undefined && (this.#child === undefined || this.#isClosing);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the process that was running, if any, has ended. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  #start(): void {
    if (this.#stopped || this.#child !== undefined) return;
    // Type stripping runs `.ts` in a checkout; a package contains compiled `.js`.
    const entry = new URL(import.meta.url.endsWith(".ts") ? "./store-main.ts" : "./store-main.js", import.meta.url);
    const child = fork(entry, [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [`--max-old-space-size=${HEAP_MEGABYTES}`],
      // The process gets none of the gateway's secrets.
      env: { PATH: process.env["PATH"], TZ: "UTC" },
    });
    this.#child = child;
    this.#end = Promise.withResolvers();
    this.#startedAt = performance.now();
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-KEPT_STDERR)));
    // as: the store's process sends only these messages.
    child.on("message", (message) => this.#onMessage(message as FromStore));
    child.on("error", (error) => this.#options.log.error({ error: error.message }, "the store's process failed"));
    child.once("close", (code, signal) => this.#onClose(child, { code, signal, stderr }));
    this.#send({ kind: "open", init: { settings: this.#options.settings, ledgerPath: this.#options.ledgerPath } });
  }

  /** Lets the store read what is new. Call this before files disappear that it has not read. */
  wake(): void {
    this.invoke("storeInfo", undefined).catch((error: unknown) => {
      if (error instanceof StoreUnavailable || this.#stopped) return;
      this.#options.log.warn({ error: String(error) }, "the store could not be woken");
    });
  }

  /** Ends the process at once. Whatever it was doing, nothing is lost. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#restart);
    clearTimeout(this.#idle);
    this.#child?.kill("SIGKILL");
    this.#rejectAll("the store was stopped");
  }

  /** Runs a method in the store's process. Rejects with its error, or with `StoreUnavailable` if the process cannot run it. */
  async invoke(method: string, argument: unknown, signal?: AbortSignal): Promise<unknown> {
    const release = await this.#use(signal);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = this.#expect({ resolve, part: () => undefined, reject });
    const cancel = (): void => {
      this.#pending.delete(id);
      this.#send({ kind: "cancel", id });
      reject(new StoreUnavailable("the query was canceled"));
    };
    signal?.addEventListener("abort", cancel, { once: true });
    this.#send({ kind: "invoke", id, method, argument });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", cancel);
      release();
    }
  }

  /** The same for a result in parts. Leaving the loop early ends the work in the store's process. */
  async *stream(method: string, argument: unknown, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const release = await this.#use(signal);
    let next = Promise.withResolvers<Uint8Array | undefined>();
    const id = this.#expect({
      resolve: () => next.resolve(undefined),
      part: (bytes) => next.resolve(bytes),
      reject: (error) => next.reject(error),
    });
    const cancel = (): void => next.reject(new StoreUnavailable("the query was canceled"));
    signal?.addEventListener("abort", cancel, { once: true });
    this.#send({ kind: "invoke", id, method, argument });
    try {
      for (;;) {
        const bytes = await next.promise;
        if (bytes === undefined) return;
        next = Promise.withResolvers();
        next.promise.catch(() => undefined);
        this.#send({ kind: "pull", id });
        yield bytes;
      }
    } finally {
      signal?.removeEventListener("abort", cancel);
      if (this.#pending.delete(id)) this.#send({ kind: "cancel", id });
      release();
    }
  }

  /** Resolves when the process takes queries. The returned function ends the use, after which the process may end. */
  async #use(signal: AbortSignal | undefined): Promise<() => void> {
    this.#users++;
    clearTimeout(this.#idle);
    const release = (): void => {
      if (--this.#users === 0 && !this.#stopped) {
        this.#idle = setTimeout(() => this.#sleep(), this.#options.idleMs ?? IDLE_MS).unref();
      }
    };
    try {
      await this.#whenReady(signal);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }

  #sleep(): void {
    if (this.#child === undefined || this.#isClosing) return;
    this.#isClosing = true;
    this.#options.log.info({}, "no queries for a while; the store's process ends until the next one");
    this.#send({ kind: "close" });
  }

  #expect(pending: Pending): number {
    const id = ++this.#lastId;
    this.#pending.set(id, pending);
    return id;
  }

  async #whenReady(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    // A process that is ending takes no more queries; the next one starts when it is gone.
    while (this.#isClosing) await this.#end.promise;
    if (this.#stopped) throw new StoreUnavailable("the store was stopped");
    if (this.#restart === undefined) this.#start();
    const { promise, reject } = Promise.withResolvers<undefined>();
    const late = setTimeout(() => reject(new StoreUnavailable("the store is not ready")), READY_DEADLINE_MS);
    try {
      await Promise.race([this.#ready.promise, promise]);
    } finally {
      clearTimeout(late);
    }
    signal?.throwIfAborted();
  }

  #send(message: ToStore): void {
    // Between the end of the process and its `close` event nothing can be sent; that event rejects what is pending.
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  #onMessage(message: FromStore): void {
    if (message.kind === "ready") this.#ready.resolve(undefined);
    else if (message.kind === "log") this.#options.log[message.level](message.fields, message.message);
    else {
      const pending = this.#pending.get(message.id);
      if (pending === undefined) return;
      if (message.kind === "part") {
        pending.part(message.bytes);
        return;
      }
      this.#pending.delete(message.id);
      if (message.kind === "error") pending.reject(new StoreProcessError(message.error));
      else pending.resolve(message.kind === "result" ? message.value : undefined);
    }
  }

  #onClose(child: ChildProcess, how: { code: number | null; signal: string | null; stderr: string }): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    const wasAsked = this.#isClosing;
    this.#isClosing = false;
    this.#end.resolve();
    this.#rejectAll("the store's process ended");
    if (this.#stopped || wasAsked) return;
    const delayMs = this.#backoff.next(performance.now() - this.#startedAt);
    this.#options.log.warn({ ...how, delayMs }, "the store's process ended; restarting");
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      this.#restarts++;
      this.#start();
    }, delayMs);
  }

  #rejectAll(reason: string): void {
    this.#ready.reject(new StoreUnavailable(reason));
    this.#ready = Promise.withResolvers();
    this.#ready.promise.catch(() => undefined);
    for (const pending of this.#pending.values()) pending.reject(new StoreUnavailable(reason));
    this.#pending.clear();
  }
}
