import { rawUsage } from "../../json/amounts.ts";
import { type Dialect, errorTypeOf } from "../dialect.ts";
import { amountAt, type Fields, fieldsAt, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../../observe/safe-names.ts";
import {
  DELTA_EVENT,
  NO_STEPS,
  type SessionDialect,
  type SessionReader,
  type TurnStep,
} from "../../websocket/session-dialect.ts";
import { RESPONSES_SPEC } from "./openai-responses.ts";
import { type Models, ResponseLanes } from "./response-lanes.ts";

/** Billed by the second, as a running total; what it hands to other models comes as their events, wrapped. */
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
  contentAlone: DELTA_EVENT,
  begin: (queryModel) => new LiveReader(queryModel),
};

class LiveReader implements SessionReader {
  readonly requestModel: string | undefined;
  readonly hearsClient = false;
  model: string | undefined;
  errorType: string | undefined;
  readonly #lanes = new ResponseLanes();
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
        return event === undefined ? NO_STEPS : this.#lanes.read(event, laneOf(document), this.#noModels);
      case "decision.event":
        return event === undefined ? NO_STEPS : this.#decision(event);
      case "error":
        this.errorType = errorTypeOf(document);
        return NO_STEPS;
      default:
        return NO_STEPS;
    }
  }

  #seconds(document: Fields, moment: "open" | "end"): readonly TurnStep[] {
    const { requestModel, model } = this;
    return [{ key: "seconds", moment, reader: seconds, document, operation: "realtime", requestModel, model }];
  }

  /** A decision has usage of the same shape as a response, and comes once. */
  #decision(event: Fields): readonly TurnStep[] {
    const response = fieldsAt(event, "decision");
    if (response === undefined) return NO_STEPS;
    const [step] = this.#lanes.read({ type: "response.completed", response }, "decision", this.#noModels);
    return step === undefined ? NO_STEPS : [{ ...step, operation: "decision" }];
  }
}

function laneOf(document: Fields): string {
  return textAt(document, "delegation_id")?.slice(0, MAX_LANE_NAME) ?? "";
}

const seconds: Dialect = {
  name: "openai.live",
  shape: shapeOf({ usage: "value" }),
  optionalInStreams: false,
  telling: /(?!)/,
  read: (findings, document) => ({ ...findings, usage: fieldsAt(document, "usage") ?? findings.usage }),
  hasContent: () => false,
  settle: ({ usage }) => usage && { audioSeconds: amountAt(usage, "seconds"), raw: rawUsage(usage) },
};

const MAX_LANE_NAME = 128;
