import type { Usage } from "../../../core/usage/usage.ts";
import { PLAIN_NAME, rawUsage, sumOfBoth } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon } from "../dialect.ts";
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
import { countsByModality } from "./google-generate.ts";
import { textMembers } from "../text-members.ts";

const INTERACTION = {
  ...COMMON,
  agent: "value",
  status: "value",
  service_tier: "value",
} as const satisfies ShapeSpec;

const INTERACTIONS_SPEC = {
  ...INTERACTION,
  event_type: "value",
  interaction_id: "value",
  interaction: INTERACTION,
  metadata: { total_usage: "value" },
} as const satisfies ShapeSpec;

/** Statuses that are final. If an action is required, the client sends it in another request. */
const TERMINAL: ReadonlySet<string> = new Set([
  "requires_action",
  "requires_continuation",
  "completed",
  "failed",
  "cancelled",
  "incomplete",
  "budget_exceeded",
]);

/** …/interactions: plain, streamed, in the background, or fetched again. */
export const googleInteractions: Dialect = {
  name: "google.interactions",
  shape: shapeOf(INTERACTIONS_SPEC),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|total_usage|status|error)"\s*:\s*(?!null|\s)/,
  read: readInteractions,
  hasContent: (document, event) => /^step\.(?:start|delta)$/.test(textAt(document, "event_type") ?? event ?? ""),
  toUsage: usageOfInteraction,
  terminal: TERMINAL,
  detect,
  text: textMembers("text"),
};

function detect(document: Fields, type: string): "certain" | "likely" | undefined {
  if (type.startsWith("interaction.")) return "certain";
  return hasMember(fieldsAt(document, "usage") ?? {}, "total_input_tokens") ? "likely" : undefined;
}

function readInteractions(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const inner = fieldsAt(document, "interaction");
  if (inner !== undefined) return readInteraction(partial, inner);
  const type = textAt(document, "event_type") ?? event;
  if (type === undefined) return readInteraction(partial, document);

  // The usage in events is a running total, except `step_usage`, which is part of it. The id of an event is that of a
  // step.
  const usage = fieldsAt(document, "usage") ?? fieldsAt(fieldsAt(document, "metadata"), "total_usage");
  const next = readCommon(partial, document);
  return {
    ...next,
    id: partial.id ?? textAt(document, "interaction_id"),
    ...statusOf(partial, document),
    usage: usage === undefined ? partial.usage : merged(partial.usage, usage),
  };
}

function readInteraction(partial: PartialUsage, interaction: Fields): PartialUsage {
  const next = readCommon(partial, interaction);
  const usage = fieldsAt(interaction, "usage");
  return {
    ...next,
    ...statusOf(partial, interaction),
    // An agent has a name and a price, like a model.
    model: next.model ?? modelName(textAt(interaction, "agent")),
    serviceTier: labelAt(interaction, "service_tier") ?? partial.serviceTier,
    usage: usage === undefined ? partial.usage : merged(partial.usage, usage),
  };
}

function statusOf(partial: PartialUsage, document: Fields): Pick<PartialUsage, "status" | "ended"> {
  const status = labelAt(document, "status") ?? partial.status;
  return { status, ended: partial.ended || (status !== undefined && TERMINAL.has(status)) };
}

function usageOfInteraction(partial: PartialUsage): Usage | undefined {
  const usage = partial.usage;
  if (usage === undefined) return undefined;
  const inputTokens = countAt(usage, "total_input_tokens");
  const outputTokens = countAt(usage, "total_output_tokens");
  const thought = countAt(usage, "total_thought_tokens");
  const toolInput = countAt(usage, "total_tool_use_tokens");
  const total = countAt(usage, "total_tokens");
  const inside = isWithin(total, [inputTokens, outputTokens, thought, toolInput]);

  const totalInputTokens =
    inputTokens === undefined ? undefined : inputTokens + (inside.toolUse ? 0 : (toolInput ?? 0));
  const totalOutputTokens =
    outputTokens === undefined ? undefined : outputTokens + (inside.thought ? 0 : (thought ?? 0));
  return {
    inputTokens,
    outputTokens,
    totalInputTokens,
    totalOutputTokens,
    totalTokens: total ?? sumOfBoth(totalInputTokens, totalOutputTokens),
    cachedInputTokens: countAt(usage, "total_cached_tokens"),
    reasoningTokens: thought,
    toolInputTokens: toolInput,
    inputByModality: countsByModality(listAt(usage, "input_tokens_by_modality")),
    outputByModality: countsByModality(listAt(usage, "output_tokens_by_modality")),
    cachedByModality: countsByModality(listAt(usage, "cached_tokens_by_modality")),
    toolCalls: groundings(usage),
    serviceTier: partial.serviceTier,
    raw: rawUsage(usage),
  };
}

type Count = number | undefined;

/** Thoughts and tool use are not part of input and output, unless the total shows that they are. */
function isWithin(total: Count, parts: readonly [Count, Count, Count, Count]): { thought: boolean; toolUse: boolean } {
  const [input = 0, output = 0, thought = 0, toolUse = 0] = parts;
  const outside = total === undefined ? undefined : total - input - output;
  if (outside === toolUse && thought > 0) return { thought: true, toolUse: false };
  if (outside === thought && toolUse > 0) return { thought: false, toolUse: true };
  return { thought: outside === 0, toolUse: outside === 0 };
}

/** `[{"type":"google_search","count":1}]` → `{google_search: 1}` */
function groundings(usage: Fields): Record<string, number> | undefined {
  let counts: Record<string, number> | undefined;
  for (const entry of listAt(usage, "grounding_tool_count")?.slice(0, MAX_TOOLS) ?? []) {
    if (!isFields(entry)) continue;
    const name = textAt(entry, "type");
    const count = countAt(entry, "count");
    if (name === undefined || count === undefined || !PLAIN_NAME.test(name)) continue;
    counts ??= {};
    counts[name] = (Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0) + count;
  }
  return counts;
}

const MAX_TOOLS = 16;
