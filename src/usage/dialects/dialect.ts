import type { Usage } from "../../core/usage/usage.ts";
import { type Fields, fieldsAt, listAt, member, textAt } from "../json/fields.ts";
import type { Framing } from "../framing/framing.ts";
import type { Shape, ShapeSpec } from "../json/json-shape.ts";
import { errorName, modelName } from "./safe-names.ts";
import type { ModelUsage } from "./model-usage.ts";

/**
 * A wire shape that usage travels in: which members matter, how documents add up to partial, and what these mean. `read` is
 * a pure reducer, the same for a plain body (one document), an event stream and an array.
 */
export interface Dialect {
  readonly name: string;
  readonly shape: Shape;
  /** A stream frame that does not match holds nothing this dialect reads: content, as nineteen in twenty do. */
  readonly relevantFrame: RegExp;
  /** A stream has usage only if the request asked for it. */
  readonly optionalInStreams: boolean;
  readonly read: (partial: PartialUsage, document: Fields, event: string | undefined) => PartialUsage;
  /** Whether the frame brings the client something to show. */
  readonly hasContent: (document: Fields, event: string | undefined) => boolean;
  readonly toUsage: (partial: PartialUsage, facts: UsageContext) => Usage | undefined;
  /** What the response's head says already. */
  readonly readHead?: (header: HeaderLookup, isError: boolean) => PartialUsage;
  /** How its answers are cut whatever their content type says. */
  readonly framing?: Framing;
  /** The values of `status` that are final, where they are not those of OpenAI's responses. */
  readonly terminal?: ReadonlySet<string>;
  /**
   * Recognizes a document on a path that no row has: `certain` by a member or type that only this dialect has, `likely` by
   * members that some documents of other dialects have as well. `type` is the document's own or the event's, or empty.
   */
  readonly detect?: (document: Fields, type: string) => "certain" | "likely" | undefined;
}

/** The value of a response header by its lower-case name. */
export type HeaderLookup = (name: string) => string | undefined;

export interface UsageContext {
  readonly exclusiveReasoning: boolean;
  readonly stream: boolean;
  /** The answer was seen to its end. */
  readonly whole: boolean;
}

/** What the documents of one answer amount to so far. */
export interface PartialUsage {
  readonly model: string | undefined;
  readonly id: string | undefined;
  /** The provider's usage object; of several, the last value of each member. */
  readonly usage: Fields | undefined;
  readonly serviceTier: string | undefined;
  readonly errorType: string | undefined;
  /** An error object was seen. */
  readonly failed: boolean;
  /** The answer said that it is over. */
  readonly ended: boolean;
  /** Where an answer has a life of its own (`queued`, `completed`, …). */
  readonly status: string | undefined;
  /** The usage seen includes the output side. */
  readonly outputSeen: boolean;
  readonly toolCalls: Readonly<Record<string, number>> | undefined;
  /** What the models behind a compound system used, where it says so beside the usage. */
  readonly breakdown: Fields | undefined;
  /** The dialect that an unknown shape turned out to be. */
  readonly dialect: Dialect | undefined;
  /** Counters that the response's head carried. */
  readonly head: Usage | undefined;
  /** Of an answer that collects other answers: what they amount to, by model. */
  readonly byModel: readonly ModelUsage[];
  /** The latest of the ids that were counted, where a stream may repeat them. */
  readonly seen: readonly string[];
}

export const NOTHING: PartialUsage = Object.freeze({
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
  breakdown: undefined,
  dialect: undefined,
  head: undefined,
  byModel: Object.freeze([]),
  seen: Object.freeze([]),
});

/** The final values of `status` in OpenAI's responses, which most dialects share. */
const TERMINAL: ReadonlySet<string> = new Set(["completed", "incomplete", "failed", "cancelled"]);

/** The response will not change any more; before that its usage is unknown. */
export function isTerminal(status: string | undefined, terminal: ReadonlySet<string> = TERMINAL): boolean {
  return status !== undefined && terminal.has(status);
}

/** What every dialect looks at: errors come in any of these shapes, whatever was called. */
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

/** Model, id and error: what a document says in the same words in every dialect. */
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

/** The provider's own error type or code, from any of the shapes that providers answer errors in. */
export function errorTypeOf(document: Fields): string | undefined {
  // Google wraps the error of an array stream in an array; as an element it comes here like any other document.
  const error = fieldsAt(document, "error");
  if (error !== undefined) {
    return errorName(error["status"]) ?? errorName(error["code"]) ?? errorName(error["type"]);
  }
  // Bedrock may prefix the namespace of its exception.
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
