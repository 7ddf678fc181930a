import { jsonResponse, type SimulatedResponse, type SimulatedRequest } from "./response.ts";

const models = ["gpt-5.5", "gpt-5.5-mini", "text-embedding-3-small", "text-embedding-3-large"];

/** `GET /v1/models` and `GET /v1/models/{model}`. */
export function modelsResponse(request: SimulatedRequest): SimulatedResponse {
  const describe = (id: string): object => ({ id, object: "model", created: 1_767_225_600, owned_by: "openai" });
  const one = request.path.split("/models/")[1];
  const body = one === undefined ? { object: "list", data: models.map(describe) } : describe(decodeURIComponent(one));
  return jsonResponse({ operation: "models", id: request.requestId, model: one ?? "", body, counters: {} });
}
