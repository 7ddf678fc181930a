import type { UsageReading } from "../../core/usage/usage.ts";
import { endpointOf } from "../endpoints/endpoint-table.ts";
import { isStream, namesOf, type ReadRequest } from "./conclude.ts";
import { parametersIn } from "./read-extracts.ts";
import { unreadable } from "./unreadable.ts";

/** What is known of a running exchange. Plain data, from which any thread can make the reading. */
export interface UnfinishedExchange {
  /** The members of the request that its reading needs, as JSON text; empty if there are none. */
  readonly request: string;
  readonly upgrade: boolean;
  /** The response is a stream. */
  readonly sawStream: boolean;
  /** A part of a response that is no error was read. */
  readonly hasResponse: boolean;
  /** The observer has failed. */
  readonly failed: boolean;
}

export const FAILED: UnfinishedExchange = {
  request: "",
  upgrade: false,
  sawStream: false,
  hasResponse: false,
  failed: true,
};

/** The reading for the record of an exchange whose end was never seen. */
export function readUnfinished(request: ReadRequest, exchange: UnfinishedExchange): UsageReading {
  const { upgrade, sawStream, hasResponse } = exchange;
  const endpoint = endpointOf(request.method, request.path, upgrade);
  if (exchange.failed) return unreadable(endpoint.dialect, endpoint.operation);
  const parameters = parametersIn(exchange.request);
  return {
    ...unreadable(endpoint.dialect, upgrade ? "session" : endpoint.operation),
    stream: isStream(request, parameters, sawStream, hasResponse),
    ...namesOf(request, parameters),
    ...(endpoint.usage === "none" && !upgrade ? NOT_APPLICABLE : INTERRUPTED),
  };
}

const INTERRUPTED = { state: "aborted", reason: "interrupted" } as const;
const NOT_APPLICABLE = { state: "not_applicable", reason: undefined } as const;
