import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage, sumOfKnown } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, idText, readCommon, type UsageContext } from "../dialect.ts";
import { countAt, type Fields, fieldsAt, hasMember, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { openaiEmbeddings } from "../openai/openai-embeddings.ts";
import { textMembers, EMBEDDED_TEXT } from "../text-members.ts";

const ENDED = "ended";
const TERMINAL: ReadonlySet<string> = new Set([ENDED]);

const RESPONSE = { response_id: "value", generation_id: "value", meta: "value" } as const satisfies ShapeSpec;

const COHERE_SPEC = {
  ...COMMON,
  ...RESPONSE,
  event_type: "value",
  delta: { usage: "value" },
  response: RESPONSE,
} as const satisfies ShapeSpec;

/**
 * …/v2/chat, and …/v1/chat, whose stream is lines of JSON. Cohere bills the `billed_units`; `tokens` includes the
 * vendor's own template and stays in the raw usage. No response names its model.
 */
export const cohereChat: Dialect = {
  name: "cohere.chat",
  shape: shapeOf(COHERE_SPEC),
  optionalInStreams: false,
  relevantFrame: /"(?:billed_units|error)"\s*:\s*(?!null|\s)|"(?:type|event_type)"\s*:\s*"(?:message-end|stream-end)"/,
  read: readChat,
  hasContent: (document, event) => CONTENT.test(eventOf(document, event) ?? ""),
  toUsage: ({ usage }) => (usage === undefined ? undefined : billedUsage(usage)),
  terminal: TERMINAL,
  detect: (document) => (hasBilledUnits(document) ? "certain" : undefined),
  text: textMembers("text"),
};

/** …/embed, …/rerank, …/classify, …/parse. Other vendors have rerankers under the same path, with OpenAI's counters. */
export const cohereMeta: Dialect = {
  ...cohereChat,
  name: "cohere.meta",
  shape: shapeOf({ ...COMMON, meta: "value" }),
  toUsage: usageOfMeta,
  text: EMBEDDED_TEXT,
};

/** True if the document has units that Cohere bills. */
function hasBilledUnits(document: Fields): boolean {
  return fieldsAt(statedUsage(document), "billed_units") !== undefined;
}

function readChat(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = eventOf(document, event);
  const isEnd = type === "message-end" || type === "stream-end";
  const response = fieldsAt(document, "response");
  const next = readCommon(partial, document);
  return {
    ...next,
    id: idOf(document) ?? idOf(response) ?? next.id,
    usage: statedUsage(document) ?? partial.usage,
    // NDJSON does not show that its last line is missing, so the status does.
    status: type === undefined ? partial.status : isEnd ? ENDED : "in_progress",
    ended: partial.ended || isEnd,
  };
}

/** The usage object in both API versions, streamed or not. */
function statedUsage(document: Fields): Fields | undefined {
  return (
    fieldsAt(document, "usage") ??
    fieldsAt(fieldsAt(document, "delta"), "usage") ??
    fieldsAt(document, "meta") ??
    fieldsAt(fieldsAt(document, "response"), "meta")
  );
}

function idOf(document: Fields | undefined): string | undefined {
  return idText(textAt(document, "response_id") ?? textAt(document, "generation_id"));
}

function eventOf(document: Fields, event: string | undefined): string | undefined {
  return textAt(document, "event_type") ?? textAt(document, "type") ?? event;
}

function usageOfMeta(partial: PartialUsage, context: UsageContext): Usage | undefined {
  const { usage } = partial;
  if (usage === undefined || hasMember(usage, "total_tokens")) return openaiEmbeddings.toUsage(partial, context);
  const billed = billedUsage(usage);
  // Embeddings report no output, because there is none.
  return billed.inputTokens === undefined ? billed : { ...billed, ...outputOf(billed.outputTokens ?? 0) };
}

function outputOf(tokens: number): Usage {
  return { outputTokens: tokens, totalOutputTokens: tokens };
}

function billedUsage(usage: Fields): Usage {
  const billed = fieldsAt(usage, "billed_units");
  // A private deployment has no billed units.
  const units = billed ?? fieldsAt(usage, "tokens");
  const inputTokens = countAt(units, "input_tokens");
  const outputTokens = countAt(units, "output_tokens");
  const imageTokens = countAt(units, "image_tokens");
  const totalInputTokens = sumOfKnown(inputTokens, imageTokens);
  const cached = countAt(usage, "cached_tokens");
  const classifications = countAt(billed, "classifications");

  return {
    inputTokens,
    outputTokens,
    totalInputTokens,
    totalOutputTokens: outputTokens,
    totalTokens: sumOfKnown(totalInputTokens, outputTokens),
    // The cached part is measured with the template, which is not billed, so it can exceed the billed input.
    cachedInputTokens: cached === undefined ? undefined : Math.min(cached, totalInputTokens ?? cached),
    inputByModality: imageTokens ? { text: inputTokens ?? 0, image: imageTokens } : undefined,
    images: countAt(billed, "images") || undefined,
    pages: countAt(billed, "pages") || undefined,
    searchUnits: countAt(billed, "search_units") || undefined,
    toolCalls: classifications ? { classification: classifications } : undefined,
    raw: units === undefined ? undefined : rawUsage(usage),
  };
}

const CONTENT =
  /^(?:text-generation|tool-calls-chunk|tool-calls-generation|(?:content|tool-plan|tool-call)-(?:delta|start))$/;
