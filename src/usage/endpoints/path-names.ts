import { modelName } from "../dialects/safe-names.ts";

/** What a left path names: a model, or a deployment or endpoint that is not one. */
export interface PathNames {
  readonly model: string | undefined;
  readonly deployment: string | undefined;
}

export function namesInPath(path: string): PathNames {
  // Google's verb follows a colon; Bedrock's model ids may hold one.
  const model = /\/models\/([^/:]+)|\/(tunedModels\/[^/:]+):|\/model\/(arn:[^/]+\/[^/]+|[^/]+)\//.exec(path);
  // Azure's deployments and Vertex' numbered endpoints are aliases; the answer has the model.
  const alias = /\/(?:deployments|endpoints)\/(?!openapi\/)([^/:]+)[:/]/.exec(path);
  return {
    model: modelName(decoded(model?.[1] ?? model?.[2] ?? model?.[3])),
    deployment: modelName(decoded(alias?.[1])),
  };
}

/** The id of what is asked for again, or in pieces: a batch, an interaction, an agent's session. */
export function resourceInPath(path: string): string | undefined {
  return modelName(decoded(/\/(?:batches|interactions|sessions)\/([^/:]+)/.exec(path)?.[1]));
}

/** Realtime sockets name their model in the query. */
export function modelInQuery(query: string): string | undefined {
  return modelName(decoded(/(?:^|&)model=([^&]*)/.exec(query)?.[1]));
}

/** Azure's older realtime sockets name their deployment there. */
export function deploymentInQuery(query: string): string | undefined {
  return modelName(decoded(/(?:^|&)deployment=([^&]*)/.exec(query)?.[1]));
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined || !text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoding after all: the text as it was sent.
    return text;
  }
}
