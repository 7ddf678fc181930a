import { COMMON, type Dialect, type PartialUsage } from "../dialect.ts";
import type { Fields } from "../../json/fields.ts";
import { shapeOf, unionOf } from "../../json/json-shape.ts";
import { BATCH_OPERATION_SPEC, googleBatch, isBatchOperation } from "../google/google-batch.ts";
import { openaiBatch } from "../openai/openai-batch.ts";

/** GET …/v1/batches/{id}, which OpenAI and Gemini both have: the answer shows whose it is. */
export const batchById: Dialect = {
  ...openaiBatch,
  shape: shapeOf(unionOf([COMMON, { status: "value" }, BATCH_OPERATION_SPEC])),
  read: readAny,
};

function readAny(findings: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  if (findings.dialect !== googleBatch && !isBatchOperation(document)) {
    return openaiBatch.read(findings, document, event);
  }
  return { ...googleBatch.read(findings, document, event), dialect: googleBatch };
}
