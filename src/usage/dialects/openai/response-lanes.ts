import { emptyFields, type Fields, fieldsAt, textAt } from "../../json/fields.ts";
import { NO_STEPS, type TurnStep } from "../../websocket/session-dialect.ts";
import { isTerminal, openaiResponses } from "./openai-responses.ts";

export interface Models {
  readonly requestModel: string | undefined;
  readonly model: string | undefined;
}

/**
 * The events of Responses streams that travel over one socket, side by side. Only snapshots name their response; the events in
 * between are known by their lane, in which responses follow one another.
 */
export class ResponseLanes {
  readonly #current = new Map<string, string>();

  read(event: Fields, lane: string, modelsOf: () => Models): readonly TurnStep[] {
    const response = fieldsAt(event, "response");
    const current = this.#current.get(lane);
    if (response === undefined) return current === undefined ? NO_STEPS : this.#within(event, lane, current);

    const id = textAt(response, "id") ?? current ?? lane;
    const ended = isTerminal(textAt(response, "status")) || TERMINAL_EVENT.test(textAt(event, "type") ?? "");
    const models = id === current ? UNCHANGED : modelsOf();
    if (ended) this.#current.delete(lane);
    else this.#enter(lane, id);
    return [step(event, id, ended ? "end" : "open", models)];
  }

  #within(event: Fields, lane: string, id: string): readonly TurnStep[] {
    if (textAt(event, "type") === "error") {
      this.#current.delete(lane);
      return [step(event, id, "end", UNCHANGED)];
    }
    // Only its being content matters: an error inside such an event is that of a tool, or of a steering that came too late.
    return openaiResponses.hasContent(event, undefined) ? [step(emptyFields(), id, "content", UNCHANGED)] : NO_STEPS;
  }

  #enter(lane: string, id: string): void {
    if (this.#current.size >= MAX_LANES) this.#current.clear();
    this.#current.set(lane, id);
  }
}

function step(document: Fields, key: string, moment: TurnStep["moment"], models: Models): TurnStep {
  return { key, moment, reader: openaiResponses, document, operation: "chat", ...models };
}

/** Read only where a response begins. */
const UNCHANGED: Models = { requestModel: undefined, model: undefined };
const TERMINAL_EVENT = /^response\.(?:completed|incomplete|failed|cancelled)$/;
const MAX_LANES = 64;
