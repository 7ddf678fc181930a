import { COMMON, type Dialect, type Findings } from "../dialect.ts";
import type { Fields } from "../fields.ts";
import { shapeOf, unionOf } from "../json-shape.ts";
import { BATCH_OPERATION_SPEC, googleBatch, isBatchOperation } from "./google-batch.ts";
import { openaiBatch } from "./openai-batch.ts";

/** GET …/v1/batches/{id}, which OpenAI and Gemini both have: the answer shows whose it is. */
export const anyBatch: Dialect = {
  ...openaiBatch,
  shape: shapeOf(unionOf([COMMON, { status: "value" }, BATCH_OPERATION_SPEC])),
  read: readAny,
};

function readAny(findings: Findings, document: Fields, event: string | undefined): Findings {
  if (findings.dialect !== googleBatch && !isBatchOperation(document)) {
    return openaiBatch.read(findings, document, event);
  }
  return { ...googleBatch.read(findings, document, event), dialect: googleBatch };
}
