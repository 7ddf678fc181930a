import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon } from "../dialect.ts";
import { type Fields, fieldsAt, labelAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { tokenUsage } from "./token-usage.ts";
import { noUsage } from "../no-usage.ts";

const TERMINAL: ReadonlySet<string> = new Set(["completed", "failed", "expired", "cancelled"]);

/**
 * …/batches: one object from the start of a batch to its end, which then has the usage of all its requests together. It
 * may be read many times; the ledger uses its id to count it once.
 */
export const openaiBatch: Dialect = {
  name: "openai.batch",
  shape: shapeOf({ ...COMMON, status: "value" }),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)/,
  read: readBatch,
  hasContent: () => false,
  toUsage: usageOfBatch,
  terminal: TERMINAL,
};

/**
 * …/files/{id}/content may be the results of a batch, whose usage the batch object reports. Errors in it are those of
 * other requests.
 */
export const openaiFile: Dialect = { ...noUsage, name: "openai.batch", read: (partial) => partial };

function readBatch(partial: PartialUsage, document: Fields): PartialUsage {
  return {
    ...readCommon(partial, document),
    usage: fieldsAt(document, "usage") ?? partial.usage,
    status: labelAt(document, "status") ?? partial.status,
  };
}

function usageOfBatch({ usage, status }: PartialUsage): Usage | undefined {
  // The counters grow until the batch ends.
  const isDone = status !== undefined && TERMINAL.has(status);
  return isDone && usage !== undefined ? tokenUsage(usage) : undefined;
}
