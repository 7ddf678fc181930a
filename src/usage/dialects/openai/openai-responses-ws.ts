import { errorTypeOf } from "../dialect.ts";
import { type Fields, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../../observe/safe-names.ts";
import {
  DELTA_EVENT,
  NO_STEPS,
  type SessionDialect,
  type SessionReader,
  type Speaker,
  type TurnStep,
} from "../../websocket/session-dialect.ts";
import { RESPONSES_SPEC } from "./openai-responses.ts";
import { ResponseLanes } from "./response-lanes.ts";

/** The socket on …/responses: the client's requests, and the events of their streams, several at a time. */
export const openaiResponsesSocket: SessionDialect = {
  name: "openai.responses.ws",
  serverShape: shapeOf({ ...RESPONSES_SPEC, stream_id: "value" }),
  clientShape: shapeOf({ type: "value", model: "value", stream_id: "value" }),
  contentAlone: DELTA_EVENT,
  begin: () => new ResponsesSocketReader(),
};

class ResponsesSocketReader implements SessionReader {
  readonly hearsClient = true;
  requestModel: string | undefined;
  model: string | undefined;
  errorType: string | undefined;
  readonly #lanes = new ResponseLanes();
  /** Models of the requests that are not answered yet: each lane takes its requests in order. */
  readonly #asked = new Map<string, (string | undefined)[]>();

  end(): readonly TurnStep[] {
    return NO_STEPS;
  }

  read(document: Fields, speaker: Speaker): readonly TurnStep[] {
    const lane = textAt(document, "stream_id")?.slice(0, MAX_LANE_NAME) ?? "";
    if (speaker === "client") {
      if (textAt(document, "type") === "response.create") this.#ask(lane, modelName(textAt(document, "model")));
      return NO_STEPS;
    }
    const steps = this.#lanes.read(document, lane, () => ({ requestModel: this.#takeAsked(lane), model: undefined }));
    if (textAt(document, "type") === "error") {
      this.errorType = errorTypeOf(document);
      if (steps.length === 0) this.#takeAsked(lane);
    } else if (steps.some((step) => step.moment === "end")) {
      this.errorType = undefined;
    }
    return steps;
  }

  #ask(lane: string, model: string | undefined): void {
    this.requestModel = model ?? this.requestModel;
    if (this.#asked.size >= MAX_LANES) this.#asked.clear();
    const waiting = this.#asked.get(lane);
    if (waiting === undefined) this.#asked.set(lane, [model]);
    else if (waiting.length < MAX_WAITING) waiting.push(model);
  }

  #takeAsked(lane: string): string | undefined {
    const waiting = this.#asked.get(lane);
    const model = waiting?.shift();
    if (waiting?.length === 0) this.#asked.delete(lane);
    return model;
  }
}

const MAX_LANES = 64;
const MAX_LANE_NAME = 128;
const MAX_WAITING = 64;
