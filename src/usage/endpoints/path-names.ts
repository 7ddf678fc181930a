import { modelName } from "../dialects/safe-names.ts";

/** The names in a path: a model, or a deployment or endpoint, which is not a model. */
export interface PathNames {
  readonly model: string | undefined;
  readonly deployment: string | undefined;
}

export function namesInPath(path: string): PathNames {
  // Google's method follows a colon; Bedrock's model ids may contain one.
  const model = /\/models\/([^/:]+)|\/(tunedModels\/[^/:]+):|\/model\/(arn:[^/]+\/[^/]+|[^/]+)\//.exec(path);
  // Azure's deployments and Vertex' numbered endpoints are aliases; the response names the model.
  const alias = /\/(?:deployments|endpoints)\/(?!openapi\/)([^/:]+)[:/]/.exec(path);
  return {
    model: modelName(decoded(model?.[1] ?? model?.[2] ?? model?.[3])),
    deployment: modelName(decoded(alias?.[1])),
  };
}

/** The id of a resource that is fetched more than once or in parts: a batch, an interaction, an agent's session. */
export function resourceInPath(path: string): string | undefined {
  return modelName(decoded(/\/(?:batches|interactions|sessions)\/([^/:]+)/.exec(path)?.[1]));
}

/** Realtime sessions name their model in the query. */
export function modelInQuery(query: string): string | undefined {
  return modelName(decoded(/(?:^|&)model=([^&]*)/.exec(query)?.[1]));
}

/** Azure's older realtime sessions name their deployment in the query. */
export function deploymentInQuery(query: string): string | undefined {
  return modelName(decoded(/(?:^|&)deployment=([^&]*)/.exec(query)?.[1]));
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined || !text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // The text is not percent-encoded, so it is used as sent.
    return text;
  }
}
