import type { CallRecord } from "../core/call-record.ts";
import type { Answer, Question } from "./question.ts";
import { QuestionFault } from "./question-fault.ts";
import type * as reader from "./reader.ts";

/** The store's process: answers methods by their names. */
export interface Channel {
  ask(method: string, argument: unknown, signal?: AbortSignal): Promise<unknown>;
  stream(method: string, argument: unknown, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** The store in another process. */
export class RemoteReader implements reader.StoreReader {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  // as: what each method gives, the other end has from a method of the same name.
  async ask(question: Question, signal?: AbortSignal): Promise<Answer> {
    return (await this.#ask("ask", question, signal)) as Answer;
  }

  async listCalls(wanted: reader.CallsWanted, signal?: AbortSignal): Promise<reader.CallsPage> {
    return (await this.#ask("listCalls", wanted, signal)) as reader.CallsPage;
  }

  async findCall(id: string): Promise<CallRecord | undefined> {
    return (await this.#ask("findCall", id)) as CallRecord | undefined;
  }

  async dimensionValues(wanted: reader.ValuesWanted, signal?: AbortSignal): Promise<reader.DimensionValues> {
    return (await this.#ask("dimensionValues", wanted, signal)) as reader.DimensionValues;
  }

  async unpricedModels(scope: reader.Scope): Promise<readonly reader.UnpricedModel[]> {
    return (await this.#ask("unpricedModels", scope)) as readonly reader.UnpricedModel[];
  }

  async keyUse(): Promise<readonly reader.KeyUse[]> {
    return (await this.#ask("keyUse", undefined)) as readonly reader.KeyUse[];
  }

  async nearestRange(scope: reader.Scope): Promise<reader.NearestRange | undefined> {
    return (await this.#ask("nearestRange", scope)) as reader.NearestRange | undefined;
  }

  async sql(wanted: reader.SqlWanted, signal?: AbortSignal): Promise<reader.SqlAnswer> {
    return (await this.#ask("sql", wanted, signal)) as reader.SqlAnswer;
  }

  async *export(wanted: reader.ExportWanted, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#channel.stream("export", wanted, signal);
    } catch (error) {
      throw asFault(error);
    }
  }

  async #ask(method: keyof reader.StoreReader, argument: unknown, signal?: AbortSignal): Promise<unknown> {
    try {
      return await this.#channel.ask(method, argument, signal);
    } catch (error) {
      throw asFault(error);
    }
  }
}

/** An error that came from another process has its name and members, but not its class. */
function asFault(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "QuestionFault" || error instanceof QuestionFault) return error;
  const facts: unknown = "facts" in error ? error.facts : undefined;
  const where: unknown = typeof facts === "object" && facts !== null && "where" in facts ? facts.where : undefined;
  return new QuestionFault(typeof where === "string" ? where : "question", error.message);
}
