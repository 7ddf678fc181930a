import { answerAnthropicModels, answerMessages, answerTokenCount } from "./anthropic.ts";
import type { Answer, Ask } from "./response.ts";
import type { ProviderName } from "./request-log.ts";
import { answerBatchEmbed, answerEmbedContent, answerPredict } from "./google-embed.ts";
import { answerGenerate, answerGoogleCount, answerStream } from "./google-generate.ts";
import { answerChat } from "./openai-chat.ts";
import { answerEmbeddings } from "./openai-embeddings.ts";
import { answerModels } from "./openai-models.ts";
import { answerResponse } from "./openai-responses.ts";

export interface Endpoint {
  readonly provider: ProviderName;
  readonly method: "GET" | "POST";
  /** Matches the end of the path, so that `…/projects/p/locations/l/publishers/google/` may stand before it. */
  readonly path: RegExp;
  readonly answer: (ask: Ask) => Answer;
}

const google = (verb: string): RegExp => new RegExp(`/models/(?<model>[^/:]+):${verb}$`);

/** The provider's name in the path is optional, so `/v1/models` belongs to the first that has it. */
const endpoints: readonly Endpoint[] = [
  { provider: "openai", method: "POST", path: /\/chat\/completions$/, answer: answerChat },
  { provider: "openai", method: "POST", path: /\/responses$/, answer: answerResponse },
  { provider: "openai", method: "POST", path: /\/embeddings$/, answer: answerEmbeddings },
  { provider: "openai", method: "GET", path: /\/models(\/[^/]+)?$/, answer: answerModels },
  { provider: "anthropic", method: "POST", path: /\/v1\/messages$/, answer: answerMessages },
  { provider: "anthropic", method: "POST", path: /\/v1\/messages\/count_tokens$/, answer: answerTokenCount },
  { provider: "anthropic", method: "GET", path: /\/v1\/models$/, answer: answerAnthropicModels },
  { provider: "google", method: "POST", path: google("generateContent"), answer: answerGenerate },
  { provider: "google", method: "POST", path: google("streamGenerateContent"), answer: answerStream },
  { provider: "google", method: "POST", path: google("countTokens"), answer: answerGoogleCount },
  { provider: "google", method: "POST", path: google("embedContent"), answer: answerEmbedContent },
  { provider: "google", method: "POST", path: google("batchEmbedContents"), answer: answerBatchEmbed },
  { provider: "google", method: "POST", path: google("predict"), answer: answerPredict },
];

export interface Place {
  /** Named in the path, or known from the endpoint; `openai` where nothing tells. */
  readonly provider: ProviderName;
  /** Without the provider's name. */
  readonly path: string;
  readonly endpoint: Endpoint | undefined;
  /** From the path, where the provider puts it there. */
  readonly model: string | undefined;
}

export function findPlace(method: string, target: string): Place {
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
