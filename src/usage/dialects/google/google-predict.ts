import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon } from "../dialect.ts";
import { countAt, emptyFields, type Fields, fieldsAt, merged, textAt } from "../../json/fields.ts";
import { Each, type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { inputOnly } from "./google-embed.ts";

const PREDICT_SPEC = {
  predictions: new Each({ embeddings: { statistics: "value" }, mimeType: "value" }),
  metadata: { billableCharacterCount: "value" },
} as const satisfies ShapeSpec;

/**
 * …:predict on Vertex: text embeddings, which have a counter each, and Imagen's images, which have none. Predictions
 * are many and large, so they are counted one by one.
 */
export const googlePredict: Dialect = {
  name: "google.predict",
  shape: shapeOf({ ...COMMON, ...PREDICT_SPEC }),
  optionalInStreams: false,
  relevantFrame: /"(?:statistics|error)"\s*:/,
  read: readPredict,
  hasContent: () => false,
  toUsage: usageOfPredict,
  detect: (document) => (isCountedPrediction(document) ? "certain" : undefined),
};

function readPredict(partial: PartialUsage, document: Fields): PartialUsage {
  const prediction = fieldsAt(document, "predictions");
  if (prediction !== undefined) return { ...partial, usage: withPrediction(partial.usage, prediction) };

  const characters = countAt(fieldsAt(document, "metadata"), "billableCharacterCount");
  const next = readCommon(partial, document);
  if (characters === undefined) return next;
  return { ...next, usage: merged(partial.usage, { billableCharacterCount: characters }) };
}

/** True if the document is a prediction with a counter. */
function isCountedPrediction(document: Fields): boolean {
  return fieldsAt(fieldsAt(fieldsAt(document, "predictions"), "embeddings"), "statistics") !== undefined;
}

function withPrediction(usage: Fields | undefined, prediction: Fields): Fields | undefined {
  const tokens = countAt(fieldsAt(fieldsAt(prediction, "embeddings"), "statistics"), "token_count");
  const isImage = textAt(prediction, "mimeType")?.startsWith("image/") === true;
  if (tokens === undefined && !isImage) return usage;
  const sum = emptyFields();
  if (tokens !== undefined) sum["token_count"] = tokens + (countAt(usage, "token_count") ?? 0);
  if (isImage) sum["images"] = 1 + (countAt(usage, "images") ?? 0);
  return merged(usage, sum);
}

function usageOfPredict(partial: PartialUsage): Usage | undefined {
  const usage = partial.usage;
  if (usage === undefined) return undefined;
  const inputTokens = countAt(usage, "token_count");
  const images = countAt(usage, "images");
  const counters = inputTokens === undefined ? {} : inputOnly(inputTokens);
  return { ...counters, images, raw: rawUsage(usage) };
}
