import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, errorTypeOf, type PartialUsage, readCommon, type UsageContext } from "../dialect.ts";
import { type Fields, fieldsAt, labelAt, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { openaiChat } from "./openai-chat.ts";

const TERMINAL: ReadonlySet<string> = new Set(["completed", "incomplete", "failed", "cancelled", "expired"]);

/**
 * …/threads/…/runs: a run reports its usage once it has ended, and again whenever it is fetched. Its steps repeat the
 * usage in parts and are ignored.
 */
export const openaiAssistants: Dialect = {
  name: "openai.assistants",
  shape: shapeOf({ ...COMMON, status: "value", service_tier: "value", last_error: { code: "value" } }),
  optionalInStreams: false,
  relevantFrame: /"object"\s*:\s*"thread\.run"|"error"\s*:\s*(?!null|\s)/,
  read: readRun,
  hasContent: (document, event) => (textAt(document, "object") ?? event ?? "").endsWith(".delta"),
  toUsage: usageOfRun,
  terminal: TERMINAL,
};

function readRun(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  if (!isRun(document, event)) {
    const isError = event === "error" || (document["error"] ?? undefined) !== undefined;
    if (!isError) return partial;
    return { ...partial, failed: true, errorType: errorTypeOf(document) ?? partial.errorType };
  }
  const next = readCommon(partial, document);
  const status = labelAt(document, "status") ?? partial.status;
  const lastError = fieldsAt(document, "last_error");
  return {
    ...next,
    usage: fieldsAt(document, "usage") ?? partial.usage,
    status,
    ended: partial.ended || (status !== undefined && TERMINAL.has(status)),
    errorType: (lastError && errorTypeOf({ error: lastError })) ?? next.errorType,
  };
}

/** Messages and steps in a stream have a status and an id as well, so the type decides. */
function isRun(document: Fields, event: string | undefined): boolean {
  const object = textAt(document, "object");
  return object === undefined ? /^thread\.run\.(?!step)/.test(event ?? "") : object === "thread.run";
}

function usageOfRun(partial: PartialUsage, context: UsageContext): Usage | undefined {
  const { status } = partial;
  return status !== undefined && TERMINAL.has(status) ? openaiChat.toUsage(partial, context) : undefined;
}
