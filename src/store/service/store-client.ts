/**
 * The store's process as the gateway sees it: asked, answered, and started again when it dies, which harms nothing.
 * Nothing heavy is loaded here; DuckDB lives over there alone, with less right to the processor than calls have.
 */
import { fork, type ChildProcess } from "node:child_process";
import type { Logger } from "../../core/log.ts";
import { Backoff } from "../../core/backoff.ts";
import type { StoreSettings } from "../../config/settings.ts";
import type { Fault, FromStore, ToStore } from "./store-protocol.ts";

export interface StoreClientOptions {
  readonly settings: StoreSettings;
  readonly ledgerPath: string;
  readonly log: Logger;
}

/** There is no store to ask: it is switched off, stopped, or died over the question. */
export class StoreUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StoreUnavailable";
  }
}

/** An error of the other side. */
class StoreFault extends Error {
  readonly facts: Fault["facts"];

  constructor({ name, message, facts }: Fault) {
    super(message);
    this.name = name;
    this.facts = facts;
  }
}

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 60_000;
/** Whoever asks while it starts waits for it, but not for ever. */
const READY_DEADLINE_MS = 15_000;
const HEAP_MEGABYTES = 512;
const KEPT_STDERR = 2000;

interface Pending {
  answer(value: unknown): void;
  part(bytes: Uint8Array): void;
  fail(error: Error): void;
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
  #end = Promise.withResolvers<void>();

  constructor(options: StoreClientOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => undefined);
    this.#end.resolve();
  }

  get restarts(): number {
    return this.#restarts;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the process that was running, if any, is gone. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  start(): void {
    if (this.#stopped || this.#child !== undefined) return;
    // Type stripping runs `.ts` in a checkout; a package holds compiled `.js`.
    const entry = new URL(import.meta.url.endsWith(".ts") ? "./store-main.ts" : "./store-main.js", import.meta.url);
    const child = fork(entry, [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [`--max-old-space-size=${HEAP_MEGABYTES}`],
      // It needs none of the gateway's secrets.
      env: { PATH: process.env["PATH"], TZ: "UTC" },
    });
    this.#child = child;
    this.#end = Promise.withResolvers();
    this.#startedAt = performance.now();
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-KEPT_STDERR)));
    // The type is that of what the other end sends.
    child.on("message", (message) => this.#heard(message as FromStore));
    child.on("error", (error) => this.#options.log.error({ error: error.message }, "the store's process failed"));
    child.once("close", (code, signal) => this.#ended(child, { code, signal, stderr }));
    this.#send({ kind: "open", init: { settings: this.#options.settings, ledgerPath: this.#options.ledgerPath } });
  }

  /** Ends it at once; whatever it was doing, nothing is lost. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#restart);
    this.#child?.kill("SIGKILL");
    this.#failAll("the store was stopped");
  }

  /** The method's answer. Rejects with `StoreFault` for an error over there, with `StoreUnavailable` where nobody answers. */
  async ask(method: string, argument: unknown, signal?: AbortSignal): Promise<unknown> {
    await this.#whenReady(signal);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = this.#expect({ answer: resolve, part: () => undefined, fail: reject });
    const cancel = (): void => {
      this.#pending.delete(id);
      this.#send({ kind: "cancel", id });
      reject(new StoreUnavailable("nobody waits for the answer"));
    };
    signal?.addEventListener("abort", cancel, { once: true });
    this.#send({ kind: "ask", id, method, argument });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** The same for an answer in parts; leaving the loop early ends the work over there. */
  async *stream(method: string, argument: unknown, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    await this.#whenReady(signal);
    let next = Promise.withResolvers<Uint8Array | undefined>();
    const id = this.#expect({
      answer: () => next.resolve(undefined),
      part: (bytes) => next.resolve(bytes),
      fail: (error) => next.reject(error),
    });
    const cancel = (): void => next.reject(new StoreUnavailable("nobody waits for the answer"));
    signal?.addEventListener("abort", cancel, { once: true });
    this.#send({ kind: "ask", id, method, argument });
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
    }
  }

  #expect(pending: Pending): number {
    const id = ++this.#lastId;
    this.#pending.set(id, pending);
    return id;
  }

  async #whenReady(signal: AbortSignal | undefined): Promise<void> {
    if (this.#stopped) throw new StoreUnavailable("the store was stopped");
    signal?.throwIfAborted();
    if (this.#restart === undefined) this.start();
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
    // Between its end and the news of it, nothing can be sent; the news fails what was asked.
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  #heard(message: FromStore): void {
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
      if (message.kind === "fault") pending.fail(new StoreFault(message.fault));
      else pending.answer(message.kind === "answer" ? message.value : undefined);
    }
  }

  #ended(child: ChildProcess, how: { code: number | null; signal: string | null; stderr: string }): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    this.#end.resolve();
    this.#failAll("the store's process ended");
    if (this.#stopped) return;
    const delayMs = this.#backoff.next(performance.now() - this.#startedAt);
    this.#options.log.warn({ ...how, delayMs }, "the store's process ended and is started again");
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      this.#restarts++;
      this.start();
    }, delayMs);
  }

  #failAll(reason: string): void {
    this.#ready.reject(new StoreUnavailable(reason));
    this.#ready = Promise.withResolvers();
    this.#ready.promise.catch(() => undefined);
    for (const pending of this.#pending.values()) pending.fail(new StoreUnavailable(reason));
    this.#pending.clear();
  }
}
