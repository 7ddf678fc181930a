import type { Query } from "../schema/query.ts";
import type { RequestListQuery, ExportWanted, Scope, SqlWanted, StoreReader, ValuesWanted } from "../schema/reader.ts";
import type { Method } from "./store-protocol.ts";

/** A reader as the methods that the store's process answers to; `RemoteReader` is the other end. */
export function readerMethods(reader: StoreReader): Readonly<Record<keyof StoreReader, Method>> {
  // as: the other end is ours, and sends what the method takes.
  return {
    ask: (question, signal) => reader.ask(question as Query, signal),
    listRequests: (wanted, signal) => reader.listRequests(wanted as RequestListQuery, signal),
    findRequest: (id) => reader.findRequest(id as string),
    dimensionValues: (wanted, signal) => reader.dimensionValues(wanted as ValuesWanted, signal),
    unpricedModels: (scope) => reader.unpricedModels(scope as Scope),
    keyActivity: () => reader.keyActivity(),
    nearestRange: (scope) => reader.nearestRange(scope as Scope),
    sql: (wanted, signal) => reader.sql(wanted as SqlWanted, signal),
    export: (wanted, signal) => reader.export(wanted as ExportWanted, signal),
  };
}
