import type { Usage } from "../../../core/usage/usage.ts";
import { type Dialect, errorTypeOf, type PartialUsage, idText, readCommon } from "../dialect.ts";
import { type Fields, fieldsAt, labelAt, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { DELTA_EVENT, NO_STEPS, type SessionDialect, type SessionReader, type TurnStep } from "../session-dialect.ts";
import { tokenUsage } from "./token-usage.ts";

const SESSION = {
  model: "value",
  audio: { input: { transcription: { model: "value" } } },
  // Beta sessions and transcription sessions have this member.
  input_audio_transcription: { model: "value" },
} as const satisfies ShapeSpec;

const EVENT = {
  type: "value",
  item_id: "value",
  response_id: "value",
  error: { type: "value", code: "value" },
  usage: "value",
  session: SESSION,
  response: { id: "value", model: "value", status: "value", usage: "value", status_details: { error: "value" } },
} as const satisfies ShapeSpec;

/**
 * Each `response.done` is one billed response. The transcription of the user's audio is billed separately, by its own
 * model.
 */
export const openaiRealtime: SessionDialect = {
  name: "openai.realtime",
  serverShape: shapeOf(EVENT),
  clientShape: undefined,
  contentOnly: DELTA_EVENT,
  begin: (queryModel) => new RealtimeReader(queryModel),
};

class RealtimeReader implements SessionReader {
  readonly requestModel: string | undefined;
  readonly readsClient = false;
  model: string | undefined;
  errorType: string | undefined;
  #transcriptionModel: string | undefined;

  constructor(queryModel: string | undefined) {
    this.requestModel = queryModel;
  }

  end(): readonly TurnStep[] {
    return NO_STEPS;
  }

  read(document: Fields): readonly TurnStep[] {
    const type = textAt(document, "type") ?? "";
    const session = fieldsAt(document, "session");
    if (session !== undefined) this.#readSession(session);
    switch (type) {
      case "error":
        this.errorType = errorTypeOf(document) ?? this.errorType;
        return NO_STEPS;
      case "response.created":
        return this.#response(document, "open");
      case "response.done":
        this.errorType = undefined;
        return this.#response(document, "end");
      case "conversation.item.input_audio_transcription.completed":
        return this.#transcription(document);
      default:
        return type.endsWith(".delta") ? this.#content(document) : NO_STEPS;
    }
  }

  #readSession(session: Fields): void {
    this.model = modelName(textAt(session, "model")) ?? this.model;
    const transcription =
      fieldsAt(fieldsAt(fieldsAt(session, "audio"), "input"), "transcription") ??
      fieldsAt(session, "input_audio_transcription");
    this.#transcriptionModel = modelName(textAt(transcription, "model")) ?? this.#transcriptionModel;
  }

  #response(document: Fields, phase: "open" | "end"): readonly TurnStep[] {
    const response = fieldsAt(document, "response");
    if (response === undefined) return NO_STEPS;
    return [this.#step(textAt(response, "id") ?? "", phase, response)];
  }

  #content(document: Fields): readonly TurnStep[] {
    const id = textAt(document, "response_id");
    return id === undefined ? NO_STEPS : [this.#step(id, "content", { id })];
  }

  #step(id: string, phase: TurnStep["phase"], document: Fields): TurnStep {
    const { requestModel, model } = this;
    return { key: id, phase, reader: realtimeResponse, document, operation: "realtime", requestModel, model };
  }

  #transcription(document: Fields): readonly TurnStep[] {
    const key = `${textAt(document, "item_id") ?? ""} transcription`;
    const model = this.#transcriptionModel;
    const reader = inputTranscription;
    return [{ key, phase: "end", reader, document, operation: "transcription", requestModel: undefined, model }];
  }
}

const NEVER = /(?!)/;

/** The response object of `response.done`. */
const realtimeResponse: Dialect = {
  name: "openai.realtime",
  shape: shapeOf(EVENT.response),
  optionalInStreams: false,
  relevantFrame: NEVER,
  read: readResponse,
  hasContent: () => false,
  toUsage: usageOfRealtime,
};

/** …input_audio_transcription.completed: tokens or seconds, depending on the model. */
const inputTranscription: Dialect = {
  name: "openai.realtime",
  shape: shapeOf({ item_id: "value", usage: "value" }),
  optionalInStreams: false,
  relevantFrame: NEVER,
  read: (partial, document) => ({
    ...partial,
    id: idText(textAt(document, "item_id")),
    usage: fieldsAt(document, "usage"),
  }),
  hasContent: () => false,
  toUsage: usageOfRealtime,
};

function readResponse(partial: PartialUsage, response: Fields): PartialUsage {
  const error = fieldsAt(fieldsAt(response, "status_details"), "error");
  const status = labelAt(response, "status") ?? partial.status;
  return {
    ...readCommon(partial, response),
    usage: fieldsAt(response, "usage") ?? partial.usage,
    status,
    failed: partial.failed || status === "failed",
    errorType: (error && errorTypeOf({ error })) ?? partial.errorType,
  };
}

function usageOfRealtime({ usage }: PartialUsage): Usage | undefined {
  return usage === undefined ? undefined : tokenUsage(usage);
}
