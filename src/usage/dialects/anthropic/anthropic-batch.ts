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
 * GET …/v1/messages/batches/{id}/results: one line for each message. The batch is one record: the counters of the first
 * model, with those of other models as extra items, so that the sum equals that of the lines. The record's id is that
 * of the batch, and the ledger uses it to count one of several downloads.
 */
export const anthropicBatch: Dialect = {
  name: "anthropic.batch",
  shape: shapeOf({ ...COMMON, ...BATCH_RESULT_SPEC }),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)/,
  read: readResult,
  hasContent: () => false,
  toUsage: usageOfResults,
  // The content type is that of a file download.
  framing: "ndjson",
  detect,
};

function detect(document: Fields): "certain" | undefined {
  return fieldsAt(fieldsAt(document, "result"), "message") === undefined ? undefined : "certain";
}

/** POST …/v1/messages/batches: the results carry the usage, if the client downloads them through LMGate. */
export const anthropicBatchStart: Dialect = {
  ...anthropicBatch,
  shape: shapeOf({ ...COMMON, processing_status: "value" }),
  read: readBatch,
  toUsage: () => undefined,
  framing: "json",
};

function readResult(partial: PartialUsage, document: Fields): PartialUsage {
  const result = fieldsAt(document, "result");
  // The response is an error instead of results.
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

function usageOfResults(partial: PartialUsage, { complete }: UsageContext): Usage | undefined {
  // Partial results would be counted as all of them. The client can download them again.
  return complete ? finalModelUsage(partial.byModel, KIND) : undefined;
}

const KIND = "batch";
