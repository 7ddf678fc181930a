import type { Usage } from "../../../core/usage/usage.ts";
import { PLAIN_NAME, rawUsage } from "../counters.ts";
import {
  COMMON,
  type Dialect,
  errorTypeOf,
  type PartialUsage,
  idText,
  readCommon,
  type UsageContext,
} from "../dialect.ts";
import { countAt, type Fields, fieldsAt, isFields, listAt, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { openaiChat } from "../openai/openai-chat.ts";
import { textMembers } from "../text-members.ts";

/** …/v1/conversations: an agent's response, with the tokens of its connectors apart from those of the prompt. */
export const mistralConversations: Dialect = {
  name: "mistral.conversations",
  shape: shapeOf({ ...COMMON, conversation_id: "value", outputs: { model: "value" } }),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)|"type"\s*:\s*"conversation\.response\.\w+"/,
  read: readConversation,
  hasContent: (document, event) => (textAt(document, "type") ?? event ?? "").endsWith(".delta"),
  toUsage: usageOfConversation,
  text: textMembers("content"),
};

/** …/v1/ocr: billed by the page. */
export const mistralOcr: Dialect = {
  name: "mistral.ocr",
  shape: shapeOf({ ...COMMON, usage_info: "value" }),
  optionalInStreams: false,
  relevantFrame: /"(?:usage_info|error)"\s*:\s*(?!null|\s)/,
  read: (partial, document) => ({
    ...readCommon(partial, document),
    usage: fieldsAt(document, "usage_info") ?? partial.usage,
  }),
  hasContent: () => false,
  toUsage: ({ usage }) => usage && { pages: countAt(usage, "pages_processed"), raw: rawUsage(usage) },
};

function readConversation(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  const isError = type === "conversation.response.error";
  const next = readCommon(partial, document);
  const id = idText(textAt(document, "conversation_id"));
  return {
    ...next,
    // The id of a document with a type is that of an output.
    id: id ?? (type === undefined ? next.id : partial.id),
    model: next.model ?? modelOf(listAt(document, "outputs")),
    usage: fieldsAt(document, "usage") ?? partial.usage,
    failed: next.failed || isError,
    errorType: isError ? (errorTypeOf(document) ?? next.errorType) : next.errorType,
    ended: partial.ended || isError || type === "conversation.response.done",
    // OpenAI stores conversations under the same path, without usage.
    dialect: document["object"] === "conversation.response" || type !== undefined ? mistralConversations : next.dialect,
  };
}

/** An agent's response names its model only in its outputs. */
function modelOf(outputs: readonly unknown[] | undefined): string | undefined {
  const output = outputs?.find((entry) => isFields(entry) && textAt(entry, "model") !== undefined);
  return isFields(output) ? modelName(textAt(output, "model")) : undefined;
}

function usageOfConversation(partial: PartialUsage, context: UsageContext): Usage | undefined {
  const { usage } = partial;
  const counters = openaiChat.toUsage(partial, context);
  if (usage === undefined || counters === undefined) return undefined;
  const { inputTokens, totalOutputTokens, unattributedTokens } = counters;
  const connector = countAt(usage, "connector_tokens");
  const toolCalls = toolCallsOf(fieldsAt(usage, "connectors"));
  if (connector === undefined || inputTokens === undefined) return { ...counters, toolCalls };

  const total = countAt(usage, "total_tokens");
  // The total includes connector tokens and the prompt counter does not, unless the total is the sum without them.
  const outside = total === inputTokens + (totalOutputTokens ?? 0) ? 0 : connector;
  const rest = (unattributedTokens ?? 0) - outside;
  return {
    ...counters,
    totalInputTokens: inputTokens + outside,
    totalTokens: Math.max(total ?? 0, inputTokens + outside + (totalOutputTokens ?? 0)),
    toolInputTokens: connector,
    unattributedTokens: rest > 0 ? rest : undefined,
    toolCalls,
  };
}

function toolCallsOf(connectors: Fields | undefined): Record<string, number> | undefined {
  const counts: Record<string, number> = {};
  for (const name of Object.keys(connectors ?? {}).slice(0, MAX_CONNECTORS)) {
    const count = countAt(connectors, name);
    if (count !== undefined && PLAIN_NAME.test(name)) counts[name] = count;
  }
  return Object.keys(counts).length === 0 ? undefined : counts;
}

const MAX_CONNECTORS = 16;
