import type { UsageReading } from "../../core/usage/usage.ts";
import type { PartialUsage } from "../dialects/dialect.ts";
import { modelName } from "../dialects/safe-names.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";
import { modelInQuery, namesInPath, resourceInPath } from "../endpoints/path-names.ts";
import { estimated } from "../estimate/estimate.ts";
import { clamped } from "./clamp.ts";
import type { Ending } from "./ending.ts";
import { readingStateOf, type UnreadReason } from "./reading-state.ts";
import type { RequestParameters } from "./request-reader.ts";

/** What of a request's head its reading needs. */
export interface ReadRequest {
  readonly method: string;
  /** The path after the provider's prefix, without the query, as sent. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly exclusiveReasoning: boolean;
}

/** Everything that is known of an exchange at its end. */
export interface ExchangeEnd {
  readonly request: ReadRequest;
  readonly endpoint: Endpoint;
  readonly parameters: RequestParameters;
  readonly ending: Ending;
  /** `undefined`: no response arrived. */
  readonly status: number | undefined;
  readonly hasBody: boolean;
  readonly partial: PartialUsage;
  /** The body was read as a stream of several documents. */
  readonly stream: boolean;
  /** A part of the body was split into documents. */
  readonly hasDocuments: boolean;
  readonly unreadReason: UnreadReason | undefined;
  /** The body was not valid JSON, or ended inside a document. */
  readonly invalid: boolean;
  readonly hasInvalidDocument: boolean;
  readonly lacksEnd: boolean;
  readonly firstContentAt: number | undefined;
  readonly inputText: () => number | undefined;
  readonly outputText: () => number | undefined;
}

/** Concludes from the end of an exchange what it used. */
export function conclude(end: ExchangeEnd): UsageReading {
  const { request, endpoint, parameters, ending, partial, stream } = end;
  const { exclusiveReasoning } = request;
  const dialect = partial.dialect ?? endpoint.reader;
  const isComplete = !end.invalid && end.unreadReason === undefined && (ending === "complete" || ending === "drained");
  const stated = dialect.toUsage(partial, { exclusiveReasoning, stream, complete: isComplete });
  const { usage, inconsistent } = stated === undefined ? UNSTATED : clamped(stated);
  const state = readingStateOf({
    ending,
    endpoint,
    partial,
    usage,
    inconsistent,
    status: end.status,
    hasBody: end.hasBody,
    stream,
    unreadReason: end.unreadReason,
    invalid: end.invalid,
    hasInvalidDocument: end.hasInvalidDocument,
    lacksEnd: end.lacksEnd,
    usageRequested: parameters.includeUsage,
  });
  const estimates = estimated(state, usage, { input: end.inputText, output: end.outputText });
  const names = namesOf(request, parameters);
  return {
    dialect: partial.dialect?.name ?? endpoint.dialect,
    operation: endpoint.operation,
    stream: isStream(request, parameters, stream, end.hasDocuments && (end.status ?? 0) < 400),
    requestModel: names.requestModel,
    deployment: names.deployment,
    responseModel: partial.model,
    responseId: partial.id ?? (request.method === "GET" ? resourceInPath(request.path) : undefined),
    usage,
    source: estimates.source,
    state: state.state,
    reason: state.reason,
    estimatedInputTokens: estimates.estimatedInputTokens,
    estimatedOutputTokens: estimates.estimatedOutputTokens,
    errorType: partial.errorType,
    firstContentAt: stream ? end.firstContentAt : undefined,
  };
}

const UNSTATED = { usage: undefined, inconsistent: false } as const;

/** The names of the model and the deployment that a request asks for. */
export function namesOf(
  { path, query }: ReadRequest,
  parameters: RequestParameters,
): Pick<UsageReading, "requestModel" | "deployment"> {
  const inPath = namesInPath(path);
  return {
    requestModel: modelName(parameters.model) ?? inPath.model ?? modelInQuery(query),
    deployment: inPath.deployment,
  };
}

/** `undefined` where neither the request nor the response says whether the response is a stream. */
export function isStream(
  request: ReadRequest,
  parameters: RequestParameters,
  sawStream: boolean,
  hasResponse: boolean,
): boolean | undefined {
  if (sawStream || hasResponse) return sawStream;
  return parameters.stream ?? (/:stream\w+$/.test(request.path) ? true : undefined);
}
