import { anthropicModelsResponse, messagesResponse, tokenCountResponse } from "./anthropic.ts";
import type { SimulatedResponse, SimulatedRequest } from "./response.ts";
import type { ProviderName } from "./request-log.ts";
import { batchEmbedResponse, embedContentResponse, predictResponse } from "./google-embed.ts";
import { generateResponse, googleCountResponse, streamGenerateResponse } from "./google-generate.ts";
import { chatResponse, modelsResponse } from "./openai-chat.ts";
import { embeddingsResponse } from "./openai-embeddings.ts";
import { responsesResponse } from "./openai-responses.ts";

export interface Endpoint {
  readonly provider: ProviderName;
  readonly method: "GET" | "POST";
  /** Matches the end of the path, so that `…/projects/p/locations/l/publishers/google/` may precede it. */
  readonly path: RegExp;
  readonly respond: (ask: SimulatedRequest) => SimulatedResponse;
}

const google = (verb: string): RegExp => new RegExp(`/models/(?<model>[^/:]+):${verb}$`);

/** The provider's name in the path is optional: the first endpoint with `/v1/models` responds to it. */
const endpoints: readonly Endpoint[] = [
  { provider: "openai", method: "POST", path: /\/chat\/completions$/, respond: chatResponse },
  { provider: "openai", method: "POST", path: /\/responses$/, respond: responsesResponse },
  { provider: "openai", method: "POST", path: /\/embeddings$/, respond: embeddingsResponse },
  { provider: "openai", method: "GET", path: /\/models(\/[^/]+)?$/, respond: modelsResponse },
  { provider: "anthropic", method: "POST", path: /\/v1\/messages$/, respond: messagesResponse },
  { provider: "anthropic", method: "POST", path: /\/v1\/messages\/count_tokens$/, respond: tokenCountResponse },
  { provider: "anthropic", method: "GET", path: /\/v1\/models$/, respond: anthropicModelsResponse },
  { provider: "google", method: "POST", path: google("generateContent"), respond: generateResponse },
  { provider: "google", method: "POST", path: google("streamGenerateContent"), respond: streamGenerateResponse },
  { provider: "google", method: "POST", path: google("countTokens"), respond: googleCountResponse },
  { provider: "google", method: "POST", path: google("embedContent"), respond: embedContentResponse },
  { provider: "google", method: "POST", path: google("batchEmbedContents"), respond: batchEmbedResponse },
  { provider: "google", method: "POST", path: google("predict"), respond: predictResponse },
];

export interface EndpointMatch {
  /** From the path or the endpoint; `openai` by default. */
  readonly provider: ProviderName;
  /** Without the provider's name. */
  readonly path: string;
  readonly endpoint: Endpoint | undefined;
  /** From the path, if the provider's paths name the model. */
  readonly model: string | undefined;
}

export function matchEndpoint(method: string, target: string): EndpointMatch {
  const [, named, rest] = /^\/(openai|anthropic|google)(\/.*)$/.exec(target) ?? [];
  const path = rest ?? target;
  for (const endpoint of endpoints) {
    if (endpoint.method !== method || (named !== undefined && named !== endpoint.provider)) continue;
    const match = endpoint.path.exec(path);
    if (!match) continue;
    const model = match.groups?.["model"];
    return {
      provider: endpoint.provider,
      path,
      endpoint,
      model: model === undefined ? undefined : decodeURIComponent(model),
    };
  }
  const provider = named === "anthropic" || named === "google" ? named : "openai";
  return { provider, path, endpoint: undefined, model: undefined };
}
