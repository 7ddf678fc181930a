import { errorTypeOf } from "../dialect.ts";
import { type Fields, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import {
  DELTA_EVENT,
  NO_STEPS,
  type SessionDialect,
  type SessionReader,
  type Sender,
  type TurnStep,
} from "../session-dialect.ts";
import { RESPONSES_SPEC } from "./openai-responses.ts";
import { ResponseStreams } from "./response-streams.ts";

/** The WebSocket on …/responses: requests of the client and the events of their streams, several at a time. */
export const openaiResponsesSocket: SessionDialect = {
  name: "openai.responses.ws",
  serverShape: shapeOf({ ...RESPONSES_SPEC, stream_id: "value" }),
  clientShape: shapeOf({ type: "value", model: "value", stream_id: "value" }),
  contentOnly: DELTA_EVENT,
  begin: () => new ResponsesSocketReader(),
};

class ResponsesSocketReader implements SessionReader {
  readonly readsClient = true;
  requestModel: string | undefined;
  model: string | undefined;
  errorType: string | undefined;
  readonly #streams = new ResponseStreams();
  /** The models of requests without a response yet. The requests of one stream are processed in order. */
  readonly #waitingModels = new Map<string, (string | undefined)[]>();

  end(): readonly TurnStep[] {
    return NO_STEPS;
  }

  read(document: Fields, sender: Sender): readonly TurnStep[] {
    const streamId = textAt(document, "stream_id")?.slice(0, MAX_STREAM_ID) ?? "";
    if (sender === "client") {
      if (textAt(document, "type") === "response.create")
        this.#addWaiting(streamId, modelName(textAt(document, "model")));
      return NO_STEPS;
    }
    const steps = this.#streams.read(document, streamId, () => ({
      requestModel: this.#takeWaiting(streamId),
      model: undefined,
    }));
    if (textAt(document, "type") === "error") {
      this.errorType = errorTypeOf(document);
      if (steps.length === 0) this.#takeWaiting(streamId);
    } else if (steps.some((step) => step.phase === "end")) {
      this.errorType = undefined;
    }
    return steps;
  }

  #addWaiting(streamId: string, model: string | undefined): void {
    this.requestModel = model ?? this.requestModel;
    if (this.#waitingModels.size >= MAX_STREAMS) this.#waitingModels.clear();
    const waiting = this.#waitingModels.get(streamId);
    if (waiting === undefined) this.#waitingModels.set(streamId, [model]);
    else if (waiting.length < MAX_WAITING) waiting.push(model);
  }

  #takeWaiting(streamId: string): string | undefined {
    const waiting = this.#waitingModels.get(streamId);
    const model = waiting?.shift();
    if (waiting?.length === 0) this.#waitingModels.delete(streamId);
    return model;
  }
}

const MAX_STREAMS = 64;
const MAX_STREAM_ID = 128;
const MAX_WAITING = 64;
