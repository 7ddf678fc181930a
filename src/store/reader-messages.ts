import type { CallRecord } from "../core/call-record.ts";
import type { Answer, Question } from "./question.ts";
import { QuestionFault } from "./question-fault.ts";
import type * as reader from "./reader.ts";

// A reader at the other end of a channel between processes: its calls are messages, and so is what comes back.

type Method = Exclude<keyof reader.StoreReader, "export">;

export type ToReader =
  | { readonly id: number; readonly kind: "call"; readonly method: Method; readonly wanted: unknown }
  | { readonly id: number; readonly kind: "export"; readonly wanted: reader.ExportWanted }
  /** One block more of an export. */
  | { readonly id: number; readonly kind: "more" }
  | { readonly id: number; readonly kind: "cancel" };

export type FromReader =
  | { readonly id: number; readonly kind: "result"; readonly value: unknown }
  | { readonly id: number; readonly kind: "block"; readonly bytes: Uint8Array }
  | { readonly id: number; readonly kind: "end" }
  | { readonly id: number; readonly kind: "fault"; readonly where: string; readonly message: string }
  | { readonly id: number; readonly kind: "error"; readonly message: string };

/** The end at which the store is. */
export class ReaderHost {
  readonly #reader: reader.StoreReader;
  readonly #post: (message: FromReader) => void;
  readonly #running = new Map<number, { readonly abort: AbortController; blocks?: AsyncIterator<Uint8Array> }>();

  constructor(reader: reader.StoreReader, post: (message: FromReader) => void) {
    this.#reader = reader;
    this.#post = post;
  }

  receive(message: ToReader): void {
    const { id } = message;
    switch (message.kind) {
      case "call":
        return this.#start(id, (signal) => this.#call(message, signal));
      case "export": {
        const abort = new AbortController();
        const blocks = this.#reader.export(message.wanted, abort.signal)[Symbol.asyncIterator]();
        this.#running.set(id, { abort, blocks });
        return this.#more(id);
      }
      case "more":
        return this.#more(id);
      case "cancel":
        this.#running.get(id)?.abort.abort();
        return;
    }
  }

  async #call({ method, wanted }: ToReader & { readonly kind: "call" }, signal: AbortSignal): Promise<unknown> {
    const reader = this.#reader;
    // as: the other end is ours, and sends what the method takes.
    switch (method) {
      case "ask":
        return await reader.ask(wanted as Question, signal);
      case "listCalls":
        return await reader.listCalls(wanted as reader.CallsWanted, signal);
      case "findCall":
        return await reader.findCall(wanted as string);
      case "dimensionValues":
        return await reader.dimensionValues(wanted as reader.ValuesWanted, signal);
      case "unpricedModels":
        return await reader.unpricedModels(wanted as reader.Scope);
      case "keyUse":
        return await reader.keyUse();
      case "nearestRange":
        return await reader.nearestRange(wanted as reader.Scope);
      case "sql":
        return await reader.sql(wanted as reader.SqlWanted, signal);
    }
  }

  #start(id: number, work: (signal: AbortSignal) => Promise<unknown>): void {
    const abort = new AbortController();
    this.#running.set(id, { abort });
    work(abort.signal).then(
      (value) => this.#finish({ id, kind: "result", value }),
      (error: unknown) => this.#fail(id, error),
    );
  }

  #more(id: number): void {
    const blocks = this.#running.get(id)?.blocks;
    if (blocks === undefined) return;
    blocks.next().then(
      (next) => (next.done === true ? this.#finish({ id, kind: "end" }) : this.#post(blockOf(id, next.value))),
      (error: unknown) => this.#fail(id, error),
    );
  }

  #fail(id: number, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof QuestionFault) this.#finish({ id, kind: "fault", where: error.where, message });
    else this.#finish({ id, kind: "error", message });
  }

  #finish(message: FromReader): void {
    this.#running.delete(message.id);
    this.#post(message);
  }
}

function blockOf(id: number, bytes: Uint8Array): FromReader {
  return { id, kind: "block", bytes };
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The end at which the questions are. */
export class RemoteReader implements reader.StoreReader {
  readonly #post: (message: ToReader) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(post: (message: ToReader) => void) {
    this.#post = post;
  }

  receive(message: FromReader): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    switch (message.kind) {
      case "result":
        return waiting.resolve(message.value);
      case "block":
        return waiting.resolve(message.bytes);
      case "end":
        return waiting.resolve(undefined);
      case "fault":
        return waiting.reject(new QuestionFault(message.where, message.message));
      case "error":
        return waiting.reject(new Error(message.message));
    }
  }

  /** The other end is gone, and what was asked of it is not answered any more. */
  lost(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  // as: what each method gives, the other end has from a method of the same name.
  async ask(question: Question, signal?: AbortSignal): Promise<Answer> {
    return (await this.#call("ask", question, signal)) as Answer;
  }

  async listCalls(wanted: reader.CallsWanted, signal?: AbortSignal): Promise<reader.CallsPage> {
    return (await this.#call("listCalls", wanted, signal)) as reader.CallsPage;
  }

  async findCall(id: string): Promise<CallRecord | undefined> {
    return (await this.#call("findCall", id)) as CallRecord | undefined;
  }

  async dimensionValues(wanted: reader.ValuesWanted, signal?: AbortSignal): Promise<reader.DimensionValues> {
    return (await this.#call("dimensionValues", wanted, signal)) as reader.DimensionValues;
  }

  async unpricedModels(scope: reader.Scope): Promise<readonly reader.UnpricedModel[]> {
    return (await this.#call("unpricedModels", scope)) as readonly reader.UnpricedModel[];
  }

  async keyUse(): Promise<readonly reader.KeyUse[]> {
    return (await this.#call("keyUse", undefined)) as readonly reader.KeyUse[];
  }

  async nearestRange(scope: reader.Scope): Promise<reader.NearestRange | undefined> {
    return (await this.#call("nearestRange", scope)) as reader.NearestRange | undefined;
  }

  async sql(wanted: reader.SqlWanted, signal?: AbortSignal): Promise<reader.SqlAnswer> {
    return (await this.#call("sql", wanted, signal)) as reader.SqlAnswer;
  }

  async *export(wanted: reader.ExportWanted, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const id = this.#nextId();
    const cancel = (): void => this.#post({ id, kind: "cancel" });
    let isOver = false;
    signal?.throwIfAborted();
    signal?.addEventListener("abort", cancel);
    try {
      let message: ToReader = { id, kind: "export", wanted };
      for (;;) {
        const block = await this.#exchange(message);
        if (block === undefined) {
          isOver = true;
          return;
        }
        // as: an export is answered by blocks until it ends.
        yield block as Uint8Array;
        message = { id, kind: "more" };
      }
    } catch (error) {
      isOver = true;
      throw error;
    } finally {
      signal?.removeEventListener("abort", cancel);
      if (!isOver) cancel();
    }
  }

  async #call(method: Method, wanted: unknown, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    const id = this.#nextId();
    const cancel = (): void => this.#post({ id, kind: "cancel" });
    signal?.addEventListener("abort", cancel);
    try {
      return await this.#exchange({ id, kind: "call", method, wanted });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  #exchange(message: ToReader): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(message.id, { resolve, reject });
      try {
        this.#post(message);
      } catch (error) {
        this.#waiting.delete(message.id);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}
