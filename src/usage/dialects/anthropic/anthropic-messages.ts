import type { ExtraItem, Usage } from "../../../core/usage/usage.ts";
import { countsBySuffix, rawUsage } from "../../json/amounts.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon, type SettleFacts } from "../dialect.ts";
import { countAt, type Fields, fieldsAt, isFields, labelAt, listAt, merged, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../../observe/safe-names.ts";
import { itemsBeside, type ModelUsage, withModelUsage } from "../../observe/model-usage.ts";
import { exclusiveTotals } from "../../json/totals.ts";

export const MESSAGES_SPEC = {
  ...COMMON,
  message: { id: "value", model: "value", usage: "value" },
} as const satisfies ShapeSpec;

/** POST …/v1/messages, at Anthropic, on Vertex and at the vendors that speak it too. */
export const anthropicMessages: Dialect = {
  name: "anthropic.messages",
  shape: shapeOf(MESSAGES_SPEC),
  optionalInStreams: false,
  telling: /"usage"\s*:\s*\{|"error"\s*:\s*(?!null|\s)|"message_stop"/,
  read: readMessages,
  hasContent: (document, event) => !NO_CONTENT.has(textAt(document, "type") ?? event ?? ""),
  settle: settleMessages,
};

function readMessages(findings: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  switch (type) {
    case "message_start": {
      const message = fieldsAt(document, "message") ?? {};
      return { ...readCommon(findings, message), usage: fieldsAt(message, "usage") ?? findings.usage };
    }
    case "message_delta": {
      const usage = fieldsAt(document, "usage");
      if (usage === undefined) return findings;
      // Running totals: overwrite what is there and not null, never add; the rest stays as message_start had it.
      const model = fallbackModel(usage) ?? findings.model;
      return { ...findings, model, usage: merged(findings.usage, usage), outputSeen: true };
    }
    case "message_stop":
      return { ...findings, ended: true };
    case "message":
    case "error":
    case undefined: {
      const usage = fieldsAt(document, "usage");
      const next = readCommon(findings, document);
      return {
        ...next,
        model: fallbackModel(usage) ?? next.model,
        usage: usage ?? findings.usage,
        outputSeen: findings.outputSeen || usage !== undefined,
      };
    }
    default:
      return findings;
  }
}

function settleMessages(findings: PartialUsage, facts: SettleFacts): Usage | undefined {
  // A stream begins with a placeholder for the output; only message_delta knows.
  const outputKnown = !facts.stream || findings.outputSeen;
  return findings.usage === undefined ? undefined : messageUsage(findings.usage, outputKnown);
}

/** The usage object of one message, which batches and agents have too. */
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

/** Input is exclusive: cache reads and writes stand beside `input_tokens`. Thinking lies inside `output_tokens`. */
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

/** Compaction is not contained in the top-level numbers, and an advisor is billed at its own model's price. */
function extraItems(iterations: readonly unknown[] | undefined): readonly ExtraItem[] | undefined {
  let shares: readonly ModelUsage[] = [];
  for (const iteration of iterations ?? []) {
    if (!isFields(iteration)) continue;
    const kind = textAt(iteration, "type");
    if (kind !== "compaction" && kind !== "advisor_message") continue;
    const model = modelName(textAt(iteration, "model"));
    shares = withModelUsage(shares, { kind, model, usage: counters(iteration, true) });
  }
  return itemsBeside(shares, undefined);
}

/** Where a server-side fallback answered, an iteration names its model. */
function fallbackModel(usage: Fields | undefined): string | undefined {
  const fallback = listAt(usage, "iterations")?.find((item) => isFields(item) && item["type"] === "fallback_message");
  return isFields(fallback) ? modelName(textAt(fallback, "model")) : undefined;
}

function sum(counts: Readonly<Record<string, number>> | undefined): number | undefined {
  return counts === undefined ? undefined : Object.values(counts).reduce((total, count) => total + count, 0);
}

const NO_CONTENT: ReadonlySet<string> = new Set(["ping", "message_start", "error"]);
