import type { ExtraItem, Usage } from "../../../core/usage/usage.ts";
import { countsBySuffix, rawUsage, exclusiveTotals } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon, type UsageContext } from "../dialect.ts";
import {
  countAt,
  type Fields,
  fieldsAt,
  isFields,
  labelAt,
  listAt,
  merged,
  textAt,
  hasMember,
} from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { otherItems, type ModelUsage, withModelUsage } from "../model-usage.ts";
import { textMembers } from "../text-members.ts";

export const MESSAGES_SPEC = {
  ...COMMON,
  message: { id: "value", model: "value", usage: "value" },
} as const satisfies ShapeSpec;

/** POST …/v1/messages at Anthropic, on Vertex and at other vendors that offer the API. */
export const anthropicMessages: Dialect = {
  name: "anthropic.messages",
  shape: shapeOf(MESSAGES_SPEC),
  optionalInStreams: false,
  relevantFrame: /"usage"\s*:\s*\{|"error"\s*:\s*(?!null|\s)|"message_stop"/,
  read: readMessages,
  hasContent: (document, event) => !NO_CONTENT.has(textAt(document, "type") ?? event ?? ""),
  toUsage: usageOfMessage,
  detect,
  text: textMembers("text|thinking|partial_json"),
};

function detect(document: Fields, type: string): "certain" | "likely" | undefined {
  if (type === "message_start") return "certain";
  const usage = fieldsAt(document, "usage");
  if (usage === undefined || !hasMember(usage, "input_tokens")) return undefined;
  return type === "message" || hasMember(usage, "cache_read_input_tokens") ? "likely" : undefined;
}

function readMessages(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  switch (type) {
    case "message_start": {
      const message = fieldsAt(document, "message") ?? {};
      return { ...readCommon(partial, message), usage: fieldsAt(message, "usage") ?? partial.usage };
    }
    case "message_delta": {
      const usage = fieldsAt(document, "usage");
      if (usage === undefined) return partial;
      // Running totals: they replace earlier values, except by null, and are never added. Other members keep the values
      // of message_start.
      const model = fallbackModel(usage) ?? partial.model;
      return { ...partial, model, usage: merged(partial.usage, usage), outputSeen: true };
    }
    case "message_stop":
      return { ...partial, ended: true };
    case "message":
    case "error":
    case undefined: {
      const usage = fieldsAt(document, "usage");
      const next = readCommon(partial, document);
      return {
        ...next,
        model: fallbackModel(usage) ?? next.model,
        usage: usage ?? partial.usage,
        outputSeen: partial.outputSeen || usage !== undefined,
      };
    }
    default:
      return partial;
  }
}

function usageOfMessage(partial: PartialUsage, context: UsageContext): Usage | undefined {
  // A stream begins with a placeholder for the output; only message_delta has the counter.
  const outputKnown = !context.stream || partial.outputSeen;
  return partial.usage === undefined ? undefined : messageUsage(partial.usage, outputKnown);
}

/** Converts the usage object of one message, which batches and agents have as well. */
export function messageUsage(usage: Fields, outputKnown: boolean): Usage {
  return {
    ...counters(usage, outputKnown),
    toolCalls: countsBySuffix(fieldsAt(usage, "server_tool_use"), "_requests"),
    serviceTier: labelAt(usage, "service_tier"),
    speed: labelAt(usage, "speed"),
    inferenceGeo: labelAt(usage, "inference_geo"),
    extraItems: extraItems(listAt(usage, "iterations")),
    raw: rawUsage(usage),
  };
}

/** `input_tokens` excludes cache reads and writes; `output_tokens` includes thinking. */
function counters(usage: Fields, outputKnown: boolean): Usage {
  const byTtl = writesByTtl(fieldsAt(usage, "cache_creation"));
  return {
    ...exclusiveTotals({
      inputTokens: countAt(usage, "input_tokens"),
      outputTokens: outputKnown ? countAt(usage, "output_tokens") : undefined,
      cachedInputTokens: countAt(usage, "cache_read_input_tokens"),
      cacheWriteTokens: countAt(usage, "cache_creation_input_tokens") ?? sum(byTtl),
    }),
    cacheWriteByTtl: byTtl,
    reasoningTokens: countAt(fieldsAt(usage, "output_tokens_details"), "thinking_tokens"),
  };
}

/** `{"ephemeral_5m_input_tokens":2048}` → `{"5m": 2048}` */
function writesByTtl(creation: Fields | undefined): Record<string, number> | undefined {
  const counts = countsBySuffix(creation, "_input_tokens");
  if (counts === undefined) return undefined;
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name.replace(/^ephemeral_/, ""), count]));
}

/** The top-level counters exclude compaction, and an advisor is billed at the price of its own model. */
function extraItems(iterations: readonly unknown[] | undefined): readonly ExtraItem[] | undefined {
  let byModel: readonly ModelUsage[] = [];
  for (const iteration of iterations ?? []) {
    if (!isFields(iteration)) continue;
    const kind = textAt(iteration, "type");
    if (kind !== "compaction" && kind !== "advisor_message") continue;
    const model = modelName(textAt(iteration, "model"));
    byModel = withModelUsage(byModel, { kind, model, usage: counters(iteration, true) });
  }
  return otherItems(byModel, undefined);
}

/** If a fallback model responded, an iteration names it. */
function fallbackModel(usage: Fields | undefined): string | undefined {
  const fallback = listAt(usage, "iterations")?.find((item) => isFields(item) && item["type"] === "fallback_message");
  return isFields(fallback) ? modelName(textAt(fallback, "model")) : undefined;
}

function sum(counts: Readonly<Record<string, number>> | undefined): number | undefined {
  return counts === undefined ? undefined : Object.values(counts).reduce((total, count) => total + count, 0);
}

const NO_CONTENT: ReadonlySet<string> = new Set(["ping", "message_start", "error"]);
