import { rawUsage } from "../amounts.ts";
import { type Dialect, type Findings, readCommon } from "../dialect.ts";
import { type Fields, fieldsAt, textAt } from "../fields.ts";
import { shapeOf } from "../json-shape.ts";
import { anthropicMessages, MESSAGES_SPEC } from "./anthropic-messages.ts";
import { GENERATE_SPEC, googleGenerate } from "./google-generate.ts";
import { CHAT_SPEC, openaiChat } from "./openai-chat.ts";
import { openaiResponses, RESPONSES_SPEC } from "./openai-responses.ts";

/** For paths nobody told us about: the first document with usage shows which dialect it is. */
export const sniffed: Dialect = {
  name: "none",
  shape: shapeOf({ ...CHAT_SPEC, ...RESPONSES_SPEC, ...MESSAGES_SPEC, ...GENERATE_SPEC }),
  optionalInStreams: false,
  telling: /"(?:usage|usageMetadata|usage_metadata|error)"\s*:\s*(?!null|\s)|"message_stop"/,
  read: readSniffed,
  hasContent: () => false,
  // A usage object of no known kind is kept as it is, and its counters stay unknown.
  settle: (findings) => (findings.usage === undefined ? undefined : { raw: rawUsage(findings.usage) }),
};

function readSniffed(findings: Findings, document: Fields, event: string | undefined): Findings {
  const dialect = findings.dialect ?? dialectOf(document);
  if (dialect !== undefined) return { ...dialect.read(findings, document, event), dialect };
  return { ...readCommon(findings, document), usage: fieldsAt(document, "usage") ?? findings.usage };
}

function dialectOf(document: Fields): Dialect | undefined {
  if (fieldsAt(document, "usageMetadata") !== undefined || fieldsAt(document, "usage_metadata") !== undefined) {
    return googleGenerate;
  }
  const type = textAt(document, "type");
  if (type === "message_start") return anthropicMessages;
  if (fieldsAt(document, "response") !== undefined) return openaiResponses;
  if (Array.isArray(document["choices"])) return openaiChat;

  const usage = fieldsAt(document, "usage");
  if (usage === undefined) return undefined;
  if ("prompt_tokens" in usage) return openaiChat;
  if (!("input_tokens" in usage)) return undefined;
  if (type === "message" || "cache_read_input_tokens" in usage) return anthropicMessages;
  return "input_tokens_details" in usage ? openaiResponses : undefined;
}
