import type { Usage } from "../../../core/usage/usage.ts";
import { inclusiveTotals } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon } from "../dialect.ts";
import { countAt, emptyFields, type Fields, hasMember, member, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { textMembers } from "../text-members.ts";

const OLLAMA_SPEC = {
  ...COMMON,
  done: "value",
  done_reason: "value",
  prompt_eval_count: "value",
  prompt_eval_cached_count: "value",
  eval_count: "value",
} as const satisfies ShapeSpec;

const COUNTERS = ["prompt_eval_count", "prompt_eval_cached_count", "eval_count"] as const;
const DONE = "done";
/** The status of a request that only loads or unloads a model, on the path of a generation. It uses no tokens. */
const IDLE = "idle";
const TERMINAL: ReadonlySet<string> = new Set([DONE, IDLE]);

/** …/api/chat and …/api/generate: lines of JSON by default, the last of which has the counters. …/api/embed: one document. */
export const ollama: Dialect = {
  name: "ollama",
  shape: shapeOf(OLLAMA_SPEC),
  optionalInStreams: false,
  relevantFrame: /"done"\s*:\s*true|"error"\s*:/,
  read: readLine,
  hasContent: (document) => member(document, "done") === false,
  toUsage: usageOfOllama,
  terminal: TERMINAL,
  detect: (document) => (isOllamaEnd(document) ? "certain" : undefined),
  text: textMembers("content|response|thinking"),
};

/** True if the document is the last line of a response, or all of it. */
function isOllamaEnd(document: Fields): boolean {
  return member(document, "done") === true && hasMember(document, "eval_count");
}

function readLine(partial: PartialUsage, document: Fields): PartialUsage {
  const next = readCommon(partial, document);
  const done = member(document, "done");
  const usage = countersOf(document) ?? partial.usage;
  if (typeof done !== "boolean") return { ...next, usage };
  const isIdle = /^(?:un)?load$/.test(textAt(document, "done_reason") ?? "");
  return { ...next, usage, status: done ? (isIdle ? IDLE : DONE) : "in_progress", ended: partial.ended || done };
}

function countersOf(document: Fields): Fields | undefined {
  const counters = emptyFields();
  for (const name of COUNTERS) if (countAt(document, name) !== undefined) counters[name] = document[name];
  return Object.keys(counters).length === 0 ? undefined : counters;
}

function usageOfOllama({ usage, status }: PartialUsage): Usage | undefined {
  if (usage === undefined) return status === IDLE ? NO_TOKENS : undefined;
  const inputTokens = countAt(usage, "prompt_eval_count");
  // Embeddings have no `done`, hence no status, and their output is 0, not unknown.
  const outputTokens = countAt(usage, "eval_count") ?? (status === undefined ? 0 : undefined);
  return {
    ...inclusiveTotals(inputTokens, outputTokens),
    cachedInputTokens: countAt(usage, "prompt_eval_cached_count"),
    raw: usage,
  };
}

const NO_TOKENS: Usage = { inputTokens: 0, outputTokens: 0, totalInputTokens: 0, totalOutputTokens: 0, totalTokens: 0 };
