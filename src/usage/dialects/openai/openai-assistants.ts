import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, errorTypeOf, type PartialUsage, readCommon, type SettleFacts } from "../dialect.ts";
import { type Fields, fieldsAt, labelAt, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { openaiChat } from "./openai-chat.ts";

const TERMINAL: ReadonlySet<string> = new Set(["completed", "incomplete", "failed", "cancelled", "expired"]);

/**
 * …/threads/…/runs: a run says what it used once it is over, and again whenever it is read. Its steps say the same in parts,
 * and these are left out.
 */
export const openaiAssistants: Dialect = {
  name: "openai.assistants",
  shape: shapeOf({ ...COMMON, status: "value", service_tier: "value", last_error: { code: "value" } }),
  optionalInStreams: false,
  telling: /"object"\s*:\s*"thread\.run"|"error"\s*:\s*(?!null|\s)/,
  read: readRun,
  hasContent: (document, event) => (textAt(document, "object") ?? event ?? "").endsWith(".delta"),
  settle: settleRun,
  terminal: TERMINAL,
};

function readRun(findings: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  if (!isRun(document, event)) {
    const isError = event === "error" || (document["error"] ?? undefined) !== undefined;
    if (!isError) return findings;
    return { ...findings, failed: true, errorType: errorTypeOf(document) ?? findings.errorType };
  }
  const next = readCommon(findings, document);
  const status = labelAt(document, "status") ?? findings.status;
  const lastError = fieldsAt(document, "last_error");
  return {
    ...next,
    usage: fieldsAt(document, "usage") ?? findings.usage,
    status,
    ended: findings.ended || (status !== undefined && TERMINAL.has(status)),
    errorType: (lastError && errorTypeOf({ error: lastError })) ?? next.errorType,
  };
}

/** Everything in a stream has a status and an id: messages and steps too. */
function isRun(document: Fields, event: string | undefined): boolean {
  const object = textAt(document, "object");
  return object === undefined ? /^thread\.run\.(?!step)/.test(event ?? "") : object === "thread.run";
}

function settleRun(findings: PartialUsage, facts: SettleFacts): Usage | undefined {
  const { status } = findings;
  return status !== undefined && TERMINAL.has(status) ? openaiChat.settle(findings, facts) : undefined;
}
