import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage } from "../../json/amounts.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon } from "../dialect.ts";
import { countAt, emptyFields, type Fields, fieldsAt, merged, textAt } from "../../json/fields.ts";
import { Each, type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { inputOnly } from "./google-embed.ts";

export const PREDICT_SPEC = {
  predictions: new Each({ embeddings: { statistics: "value" }, mimeType: "value" }),
  metadata: { billableCharacterCount: "value" },
} as const satisfies ShapeSpec;

/**
 * …:predict on Vertex: text embeddings, which state their tokens each, and Imagen's pictures, which have none. Predictions are
 * many and large, so they are counted one by one.
 */
export const googlePredict: Dialect = {
  name: "google.predict",
  shape: shapeOf({ ...COMMON, ...PREDICT_SPEC }),
  optionalInStreams: false,
  telling: /"(?:statistics|error)"\s*:/,
  read: readPredict,
  hasContent: () => false,
  settle: settlePredict,
};

function readPredict(findings: PartialUsage, document: Fields): PartialUsage {
  const prediction = fieldsAt(document, "predictions");
  if (prediction !== undefined) return { ...findings, usage: withPrediction(findings.usage, prediction) };

  const characters = countAt(fieldsAt(document, "metadata"), "billableCharacterCount");
  const next = readCommon(findings, document);
  if (characters === undefined) return next;
  return { ...next, usage: merged(findings.usage, { billableCharacterCount: characters }) };
}

/** Whether the document is one of the predictions that state what they used. */
export function isCountedPrediction(document: Fields): boolean {
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

function settlePredict(findings: PartialUsage): Usage | undefined {
  const usage = findings.usage;
  if (usage === undefined) return undefined;
  const inputTokens = countAt(usage, "token_count");
  const images = countAt(usage, "images");
  const counters = inputTokens === undefined ? {} : inputOnly(inputTokens);
  return { ...counters, images, raw: rawUsage(usage) };
}
