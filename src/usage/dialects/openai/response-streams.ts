import { emptyFields, type Fields, fieldsAt, textAt } from "../../json/fields.ts";
import { NO_STEPS, type TurnStep } from "../session-dialect.ts";
import { isTerminal } from "../dialect.ts";
import { openaiResponses } from "./openai-responses.ts";

export interface Models {
  readonly requestModel: string | undefined;
  readonly model: string | undefined;
}

/**
 * The events of several Responses streams on one WebSocket. Only snapshots name their response; other events belong to
 * the current response of their stream.
 */
export class ResponseStreams {
  readonly #current = new Map<string, string>();

  read(event: Fields, streamId: string, modelsOf: () => Models): readonly TurnStep[] {
    const response = fieldsAt(event, "response");
    const current = this.#current.get(streamId);
    if (response === undefined) return current === undefined ? NO_STEPS : this.#within(event, streamId, current);

    const id = textAt(response, "id") ?? current ?? streamId;
    const ended = isTerminal(textAt(response, "status")) || TERMINAL_EVENT.test(textAt(event, "type") ?? "");
    const models = id === current ? UNCHANGED : modelsOf();
    if (ended) this.#current.delete(streamId);
    else this.#enter(streamId, id);
    return [step(event, id, ended ? "end" : "open", models)];
  }

  #within(event: Fields, streamId: string, id: string): readonly TurnStep[] {
    if (textAt(event, "type") === "error") {
      this.#current.delete(streamId);
      return [step(event, id, "end", UNCHANGED)];
    }
    // Such an event only shows that there is content: an error in it is that of a tool or of a late steering message.
    return openaiResponses.hasContent(event, undefined) ? [step(emptyFields(), id, "content", UNCHANGED)] : NO_STEPS;
  }

  #enter(streamId: string, id: string): void {
    if (this.#current.size >= MAX_STREAMS) this.#current.clear();
    this.#current.set(streamId, id);
  }
}

function step(document: Fields, key: string, phase: TurnStep["phase"], models: Models): TurnStep {
  return { key, phase, reader: openaiResponses, document, operation: "chat", ...models };
}

/** The models are read only at the beginning of a response. */
const UNCHANGED: Models = { requestModel: undefined, model: undefined };
const TERMINAL_EVENT = /^response\.(?:completed|incomplete|failed|cancelled)$/;
const MAX_STREAMS = 64;
