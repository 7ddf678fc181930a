import { rawUsage } from "../counters.ts";
import { type Dialect, errorTypeOf } from "../dialect.ts";
import { amountAt, type Fields, fieldsAt, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { DELTA_EVENT, NO_STEPS, type SessionDialect, type SessionReader, type TurnStep } from "../session-dialect.ts";
import { RESPONSES_SPEC } from "./openai-responses.ts";
import { type Models, ResponseStreams } from "./response-streams.ts";

/** Billed by the second, as a running total. Work delegated to other models arrives as their events, wrapped. */
export const openaiLive: SessionDialect = {
  name: "openai.live",
  serverShape: shapeOf({
    type: "value",
    delegation_id: "value",
    error: { type: "value", code: "value" },
    usage: "value",
    session: { model: "value" },
    event: { ...RESPONSES_SPEC, decision: RESPONSES_SPEC.response },
  }),
  clientShape: undefined,
  contentOnly: DELTA_EVENT,
  begin: (queryModel) => new LiveReader(queryModel),
};

class LiveReader implements SessionReader {
  readonly requestModel: string | undefined;
  readonly readsClient = false;
  model: string | undefined;
  errorType: string | undefined;
  readonly #streams = new ResponseStreams();
  readonly #noModels = (): Models => ({ requestModel: undefined, model: undefined });

  constructor(queryModel: string | undefined) {
    this.requestModel = queryModel;
  }

  end(): readonly TurnStep[] {
    return NO_STEPS;
  }

  read(document: Fields): readonly TurnStep[] {
    this.model = modelName(textAt(fieldsAt(document, "session"), "model")) ?? this.model;
    const event = fieldsAt(document, "event");
    switch (textAt(document, "type")) {
      case "session.usage.updated":
        return this.#seconds(document, "open");
      case "session.closed":
        this.errorType = undefined;
        return this.#seconds(document, "end");
      case "response.event":
        return event === undefined ? NO_STEPS : this.#streams.read(event, streamIdOf(document), this.#noModels);
      case "decision.event":
        return event === undefined ? NO_STEPS : this.#decision(event);
      case "error":
        this.errorType = errorTypeOf(document);
        return NO_STEPS;
      default:
        return NO_STEPS;
    }
  }

  #seconds(document: Fields, phase: "open" | "end"): readonly TurnStep[] {
    const { requestModel, model } = this;
    return [{ key: "seconds", phase, reader: seconds, document, operation: "realtime", requestModel, model }];
  }

  /** A decision has the usage object of a response and arrives once. */
  #decision(event: Fields): readonly TurnStep[] {
    const response = fieldsAt(event, "decision");
    if (response === undefined) return NO_STEPS;
    const [step] = this.#streams.read({ type: "response.completed", response }, "decision", this.#noModels);
    return step === undefined ? NO_STEPS : [{ ...step, operation: "decision" }];
  }
}

function streamIdOf(document: Fields): string {
  return textAt(document, "delegation_id")?.slice(0, MAX_STREAM_ID) ?? "";
}

const seconds: Dialect = {
  name: "openai.live",
  shape: shapeOf({ usage: "value" }),
  optionalInStreams: false,
  relevantFrame: /(?!)/,
  read: (partial, document) => ({ ...partial, usage: fieldsAt(document, "usage") ?? partial.usage }),
  hasContent: () => false,
  toUsage: ({ usage }) => usage && { audioSeconds: amountAt(usage, "seconds"), raw: rawUsage(usage) },
};

const MAX_STREAM_ID = 128;
