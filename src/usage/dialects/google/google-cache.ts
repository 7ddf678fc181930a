import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage } from "../../json/amounts.ts";
import { COMMON, type Dialect, type PartialUsage, idText, readCommon } from "../dialect.ts";
import { amountAt, countAt, type Fields, fieldsAt, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";

/** …/cachedContents: creating a cache is billed as input once, keeping it by the hour; its usage says how large it is. */
export const googleCache: Dialect = {
  name: "google.cache",
  shape: shapeOf({ ...COMMON, name: "value", usageMetadata: "value" }),
  optionalInStreams: false,
  telling: /"(?:usageMetadata|error)"\s*:\s*(?!null|\s)/,
  read: readCache,
  hasContent: () => false,
  settle: settleCache,
};

function readCache(findings: PartialUsage, document: Fields): PartialUsage {
  return {
    ...readCommon(findings, document),
    id: idText(textAt(document, "name")) ?? findings.id,
    usage: fieldsAt(document, "usageMetadata") ?? findings.usage,
  };
}

/** There is no counter of the provider's that is called input. */
function settleCache(findings: PartialUsage): Usage | undefined {
  const usage = findings.usage;
  if (usage === undefined) return undefined;
  const size = countAt(usage, "totalTokenCount");
  return {
    outputTokens: 0,
    totalInputTokens: size,
    totalOutputTokens: 0,
    totalTokens: size,
    audioSeconds: amountAt(usage, "audioDurationSeconds"),
    raw: rawUsage(usage),
  };
}
