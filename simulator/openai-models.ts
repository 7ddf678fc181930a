import { plainAnswer, type Answer, type Ask } from "./response.ts";

const models = ["gpt-5.5", "gpt-5.5-mini", "text-embedding-3-small", "text-embedding-3-large"];

/** `GET /v1/models` and `GET /v1/models/{model}`. */
export function answerModels(ask: Ask): Answer {
  const describe = (id: string): object => ({ id, object: "model", created: 1_767_225_600, owned_by: "openai" });
  const one = ask.path.split("/models/")[1];
  const body = one === undefined ? { object: "list", data: models.map(describe) } : describe(decodeURIComponent(one));
  return plainAnswer({ operation: "models", id: ask.requestId, model: one ?? "", body, tells: {} });
}
