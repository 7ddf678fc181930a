import type { Usage } from "../../core/usage/usage.ts";
import { type Fields, fieldsAt, listAt, member, textAt } from "../json/fields.ts";
import type { Framing } from "../framing/framing.ts";
import type { Shape, ShapeSpec } from "../json/json-shape.ts";
import { errorName, modelName } from "./safe-names.ts";
import type { ModelUsage } from "./model-usage.ts";
import type { TextMembers } from "./text-members.ts";

/**
 * A format in which responses report usage: the members to read, how documents accumulate, and what they mean. `read`
 * is a pure reducer, the same for a plain body (one document), an event stream and an array.
 */
export interface Dialect {
  readonly name: string;
  readonly shape: Shape;
  /** A stream frame that does not match is content, as about 95 % are, and is not parsed. */
  readonly relevantFrame: RegExp;
  /** A stream reports usage only if the request asked for it. */
  readonly optionalInStreams: boolean;
  readonly read: (partial: PartialUsage, document: Fields, event: string | undefined) => PartialUsage;
  /** True if the frame contains output for the client. */
  readonly hasContent: (document: Fields, event: string | undefined) => boolean;
  readonly toUsage: (partial: PartialUsage, context: UsageContext) => Usage | undefined;
  /** Reads the response head. */
  readonly readHead?: (header: HeaderLookup, isError: boolean) => PartialUsage;
  /** The framing of its responses, whatever their content type is. */
  readonly framing?: Framing;
  /** The members whose text is estimated if no usage arrives; `undefined` if usage is not tokens of text. */
  readonly text?: TextMembers | undefined;
  /** The final values of `status`, if they are not those of OpenAI's responses. */
  readonly terminal?: ReadonlySet<string>;
  /**
   * Recognizes a document on a path that no row has. `certain`: by a member or type that only this dialect has.
   * `likely`: by members that documents of other dialects may have. `type` is that of the document or the event, or
   * empty.
   */
  readonly detect?: (document: Fields, type: string) => "certain" | "likely" | undefined;
}

/** Returns the value of a response header by its lower-case name. */
export type HeaderLookup = (name: string) => string | undefined;

export interface UsageContext {
  readonly exclusiveReasoning: boolean;
  readonly stream: boolean;
  /** The response was read to its end. */
  readonly complete: boolean;
}

/** The usage accumulated from the documents of one response so far. */
export interface PartialUsage {
  readonly model: string | undefined;
  readonly id: string | undefined;
  /** The provider's usage object. If there are several, each member has its last value. */
  readonly usage: Fields | undefined;
  readonly serviceTier: string | undefined;
  readonly errorType: string | undefined;
  /** The response contains an error object. */
  readonly failed: boolean;
  /** The response contains its end marker. */
  readonly ended: boolean;
  /** The status of a response that can be fetched again (`queued`, `completed`, …). */
  readonly status: string | undefined;
  /** The usage read includes the output side. */
  readonly outputSeen: boolean;
  readonly toolCalls: Readonly<Record<string, number>> | undefined;
  /** Members outside the usage object that the usage depends on, such as Groq's usage of each model. */
  readonly extra: Fields | undefined;
  /** The dialect that auto-detection found. */
  readonly dialect: Dialect | undefined;
  /** Counters in the response head. */
  readonly headUsage: Usage | undefined;
  /** The usage of each model, for a response that contains many. */
  readonly byModel: readonly ModelUsage[];
  /** The last ids that were counted, for streams that may repeat events. */
  readonly countedIds: readonly string[];
}

export const EMPTY_PARTIAL: PartialUsage = Object.freeze({
  model: undefined,
  id: undefined,
  usage: undefined,
  serviceTier: undefined,
  errorType: undefined,
  failed: false,
  ended: false,
  status: undefined,
  outputSeen: false,
  toolCalls: undefined,
  extra: undefined,
  dialect: undefined,
  headUsage: undefined,
  byModel: Object.freeze([]),
  countedIds: Object.freeze([]),
});

/** The final values of `status` in OpenAI's responses: the default. */
const TERMINAL: ReadonlySet<string> = new Set(["completed", "incomplete", "failed", "cancelled"]);

/** True if the response will not change any more. Before that its usage is unknown. */
export function isTerminal(status: string | undefined, terminal: ReadonlySet<string> = TERMINAL): boolean {
  return status !== undefined && terminal.has(status);
}

/** The members that every dialect reads: an error can have any of these shapes on any path. */
export const COMMON = {
  id: "value",
  model: "value",
  object: "value",
  type: "value",
  code: "value",
  __type: "value",
  error: { type: "value", code: "value", status: "value" },
  usage: "value",
} as const satisfies ShapeSpec;

/** Reads model, id and error, which every dialect has in the same members. */
export function readCommon(partial: PartialUsage, document: Fields): PartialUsage {
  const error = member(document, "error") ?? undefined;
  const failed = error !== undefined || document["object"] === "error" || document["type"] === "error";
  return {
    ...partial,
    model: modelName(textAt(document, "model")) ?? partial.model,
    id: idText(textAt(document, "id")) ?? partial.id,
    failed: partial.failed || failed,
    errorType: failed ? (errorTypeOf(document) ?? partial.errorType) : partial.errorType,
  };
}

/** The provider's own error type or code, from any of the shapes of errors. */
export function errorTypeOf(document: Fields): string | undefined {
  // Google wraps the error of an array stream in an array, whose element is a document like any other.
  const error = fieldsAt(document, "error");
  if (error !== undefined) {
    return errorName(error["status"]) ?? errorName(error["code"]) ?? errorName(error["type"]);
  }
  // Bedrock may prefix the exception with its namespace.
  const exception = textAt(document, "__type");
  if (exception !== undefined) return errorName(exception.slice(exception.indexOf("#") + 1));
  return errorName(document["code"]) ?? errorName(document["type"]);
}

export function idText(value: string | undefined): string | undefined {
  return value === undefined || value.length > 256 ? undefined : modelName(value);
}

export function hasElements(document: Fields, key: string): boolean {
  return (listAt(document, key)?.length ?? 0) > 0;
}
