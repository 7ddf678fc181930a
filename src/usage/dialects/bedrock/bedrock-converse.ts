import type { Usage } from "../../../core/usage/usage.ts";
import { PLAIN_NAME, rawUsage } from "../counters.ts";
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
import { type CounterNames, exclusiveCounters, readBedrockHead } from "./bedrock-head.ts";
import { textMembers } from "../text-members.ts";

const CONVERSE_SPEC = {
  ...COMMON,
  serviceTier: { type: "value" },
  performanceConfig: { latency: "value" },
} as const satisfies ShapeSpec;

/** POST /model/{id}/converse, and converse-stream, whose `metadata` event has the members of the plain body. */
export const bedrockConverse: Dialect = {
  name: "bedrock.converse",
  shape: shapeOf(CONVERSE_SPEC),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)/,
  read: readConverse,
  hasContent: (_, event) => event === "contentBlockDelta" || event === "contentBlockStart",
  toUsage: usageOfConverse,
  readHead: readBedrockHead,
  detect,
  text: textMembers("text|input"),
};

function detect(document: Fields): "likely" | undefined {
  return hasMember(fieldsAt(document, "usage") ?? {}, "inputTokens") ? "likely" : undefined;
}

function readConverse(partial: PartialUsage, document: Fields): PartialUsage {
  const usage = fieldsAt(document, "usage");
  const next = readCommon(partial, document);
  return {
    ...next,
    usage: usage === undefined ? partial.usage : merged(partial.usage, usage),
    serviceTier: labelAt(fieldsAt(document, "serviceTier"), "type") ?? partial.serviceTier,
    // The latency mode affects the price and is outside the usage object.
    extra: fieldsAt(document, "performanceConfig") ?? partial.extra,
    ended: partial.ended || usage !== undefined,
  };
}

function usageOfConverse(partial: PartialUsage): Usage | undefined {
  const usage = partial.usage;
  if (usage === undefined) return undefined;
  return {
    ...converseCounters(usage),
    serviceTier: partial.serviceTier,
    speed: labelAt(partial.extra, "latency"),
    raw: rawUsage(usage),
  };
}

/** Converts the usage object of Converse, which Nova's own bodies have as well. */
export function converseCounters(usage: Fields): Usage {
  const counters = exclusiveCounters(usage, NAMES);
  const byTtl = writesByTtl(usage);
  const stated = countAt(usage, "totalTokens");
  return { ...counters, totalTokens: stated ?? counters.totalTokens, cacheWriteByTtl: byTtl };
}

/** `[{"ttl":"1h","inputTokens":7}]` → `{"1h": 7}` */
function writesByTtl(usage: Fields): Record<string, number> | undefined {
  let counts: Record<string, number> | undefined;
  for (const entry of listAt(usage, "cacheDetails")?.slice(0, MAX_TTLS) ?? []) {
    if (!isFields(entry)) continue;
    const ttl = textAt(entry, "ttl");
    const tokens = countAt(entry, "inputTokens");
    if (ttl === undefined || tokens === undefined || !PLAIN_NAME.test(ttl)) continue;
    counts ??= {};
    counts[ttl] = (Object.hasOwn(counts, ttl) ? (counts[ttl] ?? 0) : 0) + tokens;
  }
  return counts;
}

const MAX_TTLS = 8;
const NAMES = {
  input: "inputTokens",
  output: "outputTokens",
  cacheRead: ["cacheReadInputTokens", "cacheReadInputTokenCount"],
  cacheWrite: ["cacheWriteInputTokens", "cacheWriteInputTokenCount"],
} as const satisfies CounterNames;
