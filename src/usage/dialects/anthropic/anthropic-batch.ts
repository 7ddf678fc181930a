import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon, type UsageContext } from "../dialect.ts";
import { type Fields, fieldsAt, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { finalModelUsage, withModelUsage } from "../model-usage.ts";
import { messageUsage } from "./anthropic-messages.ts";

const BATCH_RESULT_SPEC = {
  result: { type: "value", message: { model: "value", usage: "value" } },
} as const satisfies ShapeSpec;

/**
 * GET …/v1/messages/batches/{id}/results: a line for each message. One record for the batch: the first model's counters, those
 * of any other model beside them, so that the sum is that of the lines. Its id is that of the batch, and which of several
 * downloads counts is decided by it.
 */
export const anthropicBatch: Dialect = {
  name: "anthropic.batch",
  shape: shapeOf({ ...COMMON, ...BATCH_RESULT_SPEC }),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)/,
  read: readResult,
  hasContent: () => false,
  toUsage: usageOfResults,
  // The content type is that of a download.
  framing: "ndjson",
  detect,
};

function detect(document: Fields): "certain" | undefined {
  return fieldsAt(fieldsAt(document, "result"), "message") === undefined ? undefined : "certain";
}

/** POST …/v1/messages/batches: the usage comes with the results, if they come this way at all. */
export const anthropicBatchStart: Dialect = {
  ...anthropicBatch,
  shape: shapeOf({ ...COMMON, processing_status: "value" }),
  read: readBatch,
  toUsage: () => undefined,
  framing: "json",
};

function readResult(partial: PartialUsage, document: Fields): PartialUsage {
  const result = fieldsAt(document, "result");
  // An error page instead of results.
  if (result === undefined) return readCommon(partial, document);
  const message = fieldsAt(result, "message");
  const usage = fieldsAt(message, "usage");
  // Errored, canceled and expired requests used nothing.
  if (textAt(result, "type") !== "succeeded" || usage === undefined) return partial;

  const model = modelName(textAt(message, "model"));
  const share = { kind: KIND, model, usage: messageUsage(usage, true) };
  const byModel = share.usage.extraItems?.reduce(
    (before, { kind, model: itsModel, ...item }) => withModelUsage(before, { kind, model: itsModel, usage: item }),
    withModelUsage(partial.byModel, share),
  );
  return { ...partial, model: partial.model ?? model, byModel: byModel ?? withModelUsage(partial.byModel, share) };
}

function readBatch(partial: PartialUsage, document: Fields): PartialUsage {
  return { ...readCommon(partial, document), status: textAt(document, "processing_status") ?? partial.status };
}

function usageOfResults(partial: PartialUsage, { whole }: UsageContext): Usage | undefined {
  // Part of the results would stand for all of them; they can be had again.
  return whole ? finalModelUsage(partial.byModel, KIND) : undefined;
}

const KIND = "batch";
