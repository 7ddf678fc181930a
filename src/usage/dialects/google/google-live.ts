import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage } from "../counters.ts";
import { COMMON, type Dialect, errorTypeOf, type PartialUsage } from "../dialect.ts";
import { emptyFields, type Fields, fieldsAt, member, merged, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { NO_STEPS, type SessionDialect, type SessionReader, type Sender, type TurnStep } from "../session-dialect.ts";
import { generateUsage } from "./google-generate.ts";

const CONTENT = {
  turnComplete: "value",
  turn_complete: "value",
  modelTurn: {},
  model_turn: {},
  outputTranscription: {},
  output_transcription: {},
} as const satisfies ShapeSpec;

/**
 * …BidiGenerateContent: JSON, mostly in binary frames. The counters are those of a turn and may be sent several times
 * in it.
 */
export const googleLive: SessionDialect = {
  name: "google.live",
  serverShape: shapeOf({
    error: COMMON.error,
    usageMetadata: "value",
    usage_metadata: "value",
    serverContent: CONTENT,
    server_content: CONTENT,
    toolCall: {},
    tool_call: {},
  }),
  clientShape: shapeOf({ setup: { model: "value" } }),
  contentOnly: undefined,
  begin: () => new LiveReader(),
};

class LiveReader implements SessionReader {
  requestModel: string | undefined;
  readonly model = undefined;
  errorType: string | undefined;
  /** The client's first message names the model; audio follows. */
  readsClient = true;
  #turn: Turn | undefined;
  #turns = 0;
  /** The counters of the last turn, which the server may repeat after its end. */
  #lastUsage: string | undefined;

  read(document: Fields, sender: Sender): readonly TurnStep[] {
    if (sender === "client") {
      this.readsClient = false;
      this.requestModel = modelName(textAt(fieldsAt(document, "setup"), "model")?.replace(/^.*models\//, ""));
      return NO_STEPS;
    }
    const content = either(document, "serverContent", "server_content");
    const complete = isComplete(content);
    if (document["error"] !== undefined) this.errorType = errorTypeOf(document);
    const hasOutput = either(document, "toolCall", "tool_call") !== undefined || isOutput(content);
    const usage = this.#newUsage(either(document, "usageMetadata", "usage_metadata"), hasOutput || complete);
    const steps: TurnStep[] = [];

    // The counters of a complete turn may arrive late, until the next turn begins.
    if (hasOutput && this.#turn?.complete === true) steps.push(this.#step("end", EMPTY));
    if (hasOutput || usage !== undefined) this.#turn ??= this.#begin();
    if (hasOutput) steps.push(this.#step("open", EMPTY), this.#step("content", EMPTY));
    if (usage !== undefined) steps.push(this.#step("open", document));
    const turn = this.#turn;
    if (turn === undefined) return steps;

    turn.counted ||= usage !== undefined;
    turn.complete ||= complete;
    if (turn.complete && turn.counted) steps.push(this.#step("end", EMPTY));
    return steps;
  }

  end(): readonly TurnStep[] {
    return this.#turn?.complete === true ? [this.#step("end", EMPTY)] : NO_STEPS;
  }

  #newUsage(usage: Fields | undefined, isNewTurn: boolean): Fields | undefined {
    if (usage === undefined) return undefined;
    const text = JSON.stringify(usage);
    if (this.#turn === undefined && !isNewTurn && text === this.#lastUsage) return undefined;
    this.#lastUsage = text;
    return usage;
  }

  #begin(): Turn {
    this.#turns++;
    return { key: `turn ${this.#turns}`, counted: false, complete: false };
  }

  #step(phase: TurnStep["phase"], document: Fields): TurnStep {
    const { requestModel } = this;
    const key = this.#turn?.key ?? "";
    if (phase === "end") this.#turn = undefined;
    return { key, phase, reader: liveTurn, document, operation: "realtime", requestModel, model: undefined };
  }
}

interface Turn {
  readonly key: string;
  counted: boolean;
  complete: boolean;
}

function isOutput(content: Fields | undefined): boolean {
  return (
    either(content, "modelTurn", "model_turn") !== undefined ||
    either(content, "outputTranscription", "output_transcription") !== undefined
  );
}

function isComplete(content: Fields | undefined): boolean {
  return member(content, "turnComplete") === true || member(content, "turn_complete") === true;
}

const liveTurn: Dialect = {
  name: "google.live",
  shape: shapeOf({ usageMetadata: "value", usage_metadata: "value" }),
  optionalInStreams: false,
  relevantFrame: /(?!)/,
  read: readTurn,
  hasContent: () => false,
  toUsage: usageOfTurn,
};

function readTurn(partial: PartialUsage, document: Fields): PartialUsage {
  const usage = either(document, "usageMetadata", "usage_metadata");
  if (usage === undefined) return partial;
  // A snapshot replaces the one before it, unless it has no counters.
  const counts = ["totalTokenCount", "total_token_count", "promptTokenCount", "prompt_token_count"];
  const hasCounters = counts.some((key) => Object.hasOwn(usage, key));
  return { ...partial, usage: hasCounters ? usage : merged(partial.usage, usage) };
}

/** The counters are those of `generateContent`, but one of the two APIs calls the output a response. */
function usageOfTurn(partial: PartialUsage): Usage | undefined {
  const { usage } = partial;
  if (usage === undefined) return undefined;
  const renamed = emptyFields();
  for (const key of Object.keys(usage)) renamed[CANDIDATES.get(key) ?? key] = usage[key];
  return { ...generateUsage(renamed), raw: rawUsage(usage) };
}

function either(fields: Fields | undefined, name: string, snakeName: string): Fields | undefined {
  return fieldsAt(fields, name) ?? fieldsAt(fields, snakeName);
}

const EMPTY: Fields = emptyFields();
const CANDIDATES: ReadonlyMap<string, string> = new Map([
  ["responseTokenCount", "candidatesTokenCount"],
  ["response_token_count", "candidates_token_count"],
  ["responseTokensDetails", "candidatesTokensDetails"],
  ["response_tokens_details", "candidates_tokens_details"],
]);
