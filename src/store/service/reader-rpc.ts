import { QueryError } from "../schema/query-error.ts";
import type { StoreReader } from "../schema/reader.ts";
import type { Method, Methods } from "./store-protocol.ts";

// The store's reader across processes. Every method takes one argument and a signal, so both ends are derived from a list
// of their names.

/** The methods of a reader: those that return one value, and those that return bytes in parts. */
const RESULT_TYPES: Readonly<Record<keyof StoreReader, "value" | "stream">> = {
  query: "value",
  listRequests: "value",
  findRequest: "value",
  dimensionValues: "value",
  unpricedModels: "value",
  keyActivity: "value",
  nearestRange: "value",
  sql: "value",
  export: "stream",
};

const names = Object.keys(RESULT_TYPES) as readonly (keyof StoreReader)[]; // as: the record's own keys

/** The store's process, which runs methods by their names. */
export interface Channel {
  invoke(method: string, argument: unknown, signal?: AbortSignal): Promise<unknown>;
  stream(method: string, argument: unknown, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A reader of the store in another process. */
export function remoteReader(channel: Channel): StoreReader {
  const invoke = async (name: string, argument: unknown, signal?: AbortSignal): Promise<unknown> => {
    try {
      return await channel.invoke(name, argument, signal);
    } catch (error) {
      throw withClass(error);
    }
  };
  async function* stream(name: string, argument: unknown, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield* channel.stream(name, argument, signal);
    } catch (error) {
      throw withClass(error);
    }
  }
  const methods = names.map((name): [string, Method] => [
    name,
    (argument, signal) =>
      RESULT_TYPES[name] === "stream" ? stream(name, argument, signal) : invoke(name, argument, signal),
  ]);
  // as: the other end has a reader's method of each name, and returns its result.
  return Object.fromEntries(methods) as unknown as StoreReader;
}

/** The methods of a reader for the store's process to run. */
export function readerMethods(reader: StoreReader): Methods {
  return Object.fromEntries(
    names.map((name): [string, Method] => {
      // as: `remoteReader` sends what the method takes.
      const method = reader[name] as Method;
      return [name, (argument, signal) => method.call(reader, argument, signal)];
    }),
  );
}

/** An error from another process has the name and the properties of its class, but not the class. */
function withClass(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "QueryError" || error instanceof QueryError) return error;
  const properties: unknown = "properties" in error ? error.properties : undefined;
  const where: unknown =
    typeof properties === "object" && properties !== null && "where" in properties ? properties.where : undefined;
  return new QueryError(typeof where === "string" ? where : "query", error.message);
}
