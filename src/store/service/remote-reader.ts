import type { RequestRecord } from "../../core/request/request-record.ts";
import type { Answer, Query } from "../schema/query.ts";
import { QueryError } from "../schema/query-error.ts";
import type * as reader from "../schema/reader.ts";

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
  async ask(question: Query, signal?: AbortSignal): Promise<Answer> {
    return (await this.#ask("ask", question, signal)) as Answer;
  }

  async listRequests(wanted: reader.RequestListQuery, signal?: AbortSignal): Promise<reader.RequestListPage> {
    return (await this.#ask("listRequests", wanted, signal)) as reader.RequestListPage;
  }

  async findRequest(id: string): Promise<RequestRecord | undefined> {
    return (await this.#ask("findRequest", id)) as RequestRecord | undefined;
  }

  async dimensionValues(wanted: reader.ValuesWanted, signal?: AbortSignal): Promise<reader.DimensionValues> {
    return (await this.#ask("dimensionValues", wanted, signal)) as reader.DimensionValues;
  }

  async unpricedModels(scope: reader.Scope): Promise<readonly reader.UnpricedModel[]> {
    return (await this.#ask("unpricedModels", scope)) as readonly reader.UnpricedModel[];
  }

  async keyActivity(): Promise<readonly reader.KeyActivity[]> {
    return (await this.#ask("keyActivity", undefined)) as readonly reader.KeyActivity[];
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
  if (!(error instanceof Error) || error.name !== "QueryError" || error instanceof QueryError) return error;
  const facts: unknown = "facts" in error ? error.facts : undefined;
  const where: unknown = typeof facts === "object" && facts !== null && "where" in facts ? facts.where : undefined;
  return new QueryError(typeof where === "string" ? where : "question", error.message);
}
