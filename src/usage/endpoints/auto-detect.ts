import { type Dialect, readCommon } from "../dialects/dialect.ts";
import { rawUsage } from "../dialects/counters.ts";
import { googleBatch, isBatchOperation } from "../dialects/google/google-batch.ts";
import { openaiBatch } from "../dialects/openai/openai-batch.ts";
import { type Fields, fieldsAt, textAt } from "../json/fields.ts";
import { shapeOf, unionOf } from "../json/json-shape.ts";

/** For paths that no row has: the first document that a dialect recognizes decides which dialect reads the response. */
export function autoDetectAmong(dialects: readonly Dialect[]): Dialect {
  const detectable = dialects.filter(isFirstDetector);
  return {
    name: "none",
    shape: shapeOf(unionOf(detectable.map(({ shape }) => shape.spec))),
    optionalInStreams: false,
    // The reader looks at every frame before the first content, and there is no content until the dialect is known.
    relevantFrame: /^/,
    read: (partial, document, event) => {
      const dialect = partial.dialect ?? detect(detectable, document, event);
      if (dialect !== undefined) return { ...dialect.read(partial, document, event), dialect };
      return { ...readCommon(partial, document), usage: fieldsAt(document, "usage") ?? partial.usage };
    },
    hasContent: () => false,
    // A usage object of an unknown kind is kept as it is, and its counters stay unknown.
    toUsage: ({ usage }) => (usage === undefined ? undefined : { raw: rawUsage(usage) }),
  };
}

/** Variants of a dialect share its detector, and the first of them reads. */
function isFirstDetector({ detect }: Dialect, index: number, dialects: readonly Dialect[]): boolean {
  return detect !== undefined && dialects.findIndex((other) => other.detect === detect) === index;
}

function detect(dialects: readonly Dialect[], document: Fields, event: string | undefined): Dialect | undefined {
  const type = textAt(document, "type") ?? textAt(document, "event_type") ?? event ?? "";
  let likely: Dialect | undefined;
  for (const dialect of dialects) {
    const confidence = dialect.detect?.(document, type);
    if (confidence === "certain") return dialect;
    if (confidence === "likely") likely ??= dialect;
  }
  return likely;
}

/** GET …/v1/batches/{id} exists at OpenAI and at Gemini: the response shows which of them sent it. */
export const batchById: Dialect = {
  ...openaiBatch,
  shape: shapeOf(unionOf([openaiBatch.shape.spec, googleBatch.shape.spec])),
  read: (partial, document, event) => {
    if (partial.dialect !== googleBatch && !isBatchOperation(document)) {
      return openaiBatch.read(partial, document, event);
    }
    return { ...googleBatch.read(partial, document, event), dialect: googleBatch };
  },
};
