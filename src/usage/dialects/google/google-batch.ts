import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, type PartialUsage, idText, readCommon, type UsageContext } from "../dialect.ts";
import { countAt, type Fields, fieldsAt, labelAt, member, textAt } from "../../json/fields.ts";
import { Each, type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { finalModelUsage, withModelUsage } from "../model-usage.ts";
import { inputOnly } from "./google-embed.ts";
import { generateUsage } from "./google-generate.ts";

const INLINED = new Each({
  response: { usageMetadata: "value", modelVersion: "value", tokenCount: "value" },
});

const BATCH_OPERATION_SPEC = {
  name: "value",
  done: "value",
  metadata: { state: "value", model: "value" },
  response: {
    inlinedResponses: { inlinedResponses: INLINED },
    inlinedEmbedContentResponses: { inlinedResponses: INLINED },
  },
} as const satisfies ShapeSpec;

const TERMINAL: ReadonlySet<string> = new Set([
  "done",
  "BATCH_STATE_SUCCEEDED",
  "BATCH_STATE_FAILED",
  "BATCH_STATE_CANCELLED",
  "BATCH_STATE_EXPIRED",
  "JOB_STATE_SUCCEEDED",
  "JOB_STATE_FAILED",
  "JOB_STATE_CANCELLED",
  "JOB_STATE_EXPIRED",
]);

/**
 * …:batchGenerateContent and the operation it starts. Clients poll the operation until it is done and contains all
 * responses. It may be read many times; the ledger uses its name to count it once. Results written to a file have no
 * usage here.
 */
export const googleBatch: Dialect = {
  name: "google.batch",
  shape: shapeOf({ ...COMMON, ...BATCH_OPERATION_SPEC }),
  optionalInStreams: false,
  relevantFrame: /"(?:usageMetadata|error)"\s*:\s*(?!null|\s)/,
  read: readBatch,
  hasContent: () => false,
  toUsage: usageOfBatch,
  terminal: TERMINAL,
  detect: (document) => (isBatchOperation(document) ? "certain" : undefined),
};

/** True if the document is the operation of a batch or one of its responses. */
export function isBatchOperation(document: Fields): boolean {
  return (
    textAt(document, "name")?.startsWith("batches/") === true || fieldsAt(document, "inlinedResponses") !== undefined
  );
}

function readBatch(partial: PartialUsage, document: Fields): PartialUsage {
  const inlined = fieldsAt(document, "inlinedResponses");
  if (inlined !== undefined) return withResponse(partial, fieldsAt(inlined, "response"));

  const metadata = fieldsAt(document, "metadata");
  const state = labelAt(metadata, "state");
  const next = readCommon(partial, document);
  // An operation that is not done and has no state counts as pending.
  const done = member(document, "done") === true;
  return {
    ...next,
    id: idText(textAt(document, "name")) ?? next.id,
    model: partial.model ?? bareModel(textAt(metadata, "model")),
    status: done ? "done" : (state ?? partial.status ?? "pending"),
  };
}

function withResponse(partial: PartialUsage, response: Fields | undefined): PartialUsage {
  const stated = fieldsAt(response, "usageMetadata");
  const tokens = countAt(response, "tokenCount");
  if (stated === undefined && tokens === undefined) return partial;
  const model = modelName(textAt(response, "modelVersion"));
  const usage = stated === undefined ? inputOnly(tokens) : generateUsage(stated);
  return {
    ...partial,
    model: partial.model ?? model,
    byModel: withModelUsage(partial.byModel, { kind: KIND, model, usage }),
  };
}

function usageOfBatch(partial: PartialUsage, { complete }: UsageContext): Usage | undefined {
  // Before the end responses may be missing, and partial results would be counted as all of them.
  const isDone = partial.status !== undefined && TERMINAL.has(partial.status);
  return isDone && complete ? finalModelUsage(partial.byModel, KIND) : undefined;
}

function bareModel(name: string | undefined): string | undefined {
  return modelName(name?.replace(/^models\//, ""));
}

const KIND = "batch";
