import { rawUsage } from "../json/amounts.ts";
import { type Dialect, type PartialUsage, readCommon } from "./dialect.ts";
import { type Fields, fieldsAt, hasMember, textAt } from "../json/fields.ts";
import { shapeOf, unionOf } from "../json/json-shape.ts";
import { anthropicBatch, BATCH_RESULT_SPEC } from "./anthropic/anthropic-batch.ts";
import { anthropicMessages, MESSAGES_SPEC } from "./anthropic/anthropic-messages.ts";
import { bedrockConverse, CONVERSE_SPEC } from "./bedrock/bedrock-converse.ts";
import { bedrockInvoke, hasInvokeCounters, INVOKE_SPEC } from "./bedrock/bedrock-invoke.ts";
import { COHERE_SPEC, cohereChat, hasBilledUnits } from "./others/cohere.ts";
import { BATCH_OPERATION_SPEC, googleBatch, isBatchOperation } from "./google/google-batch.ts";
import { GENERATE_SPEC, googleGenerate } from "./google/google-generate.ts";
import { googleInteractions, INTERACTIONS_SPEC } from "./google/google-interactions.ts";
import { googlePredict, isCountedPrediction, PREDICT_SPEC } from "./google/google-predict.ts";
import { hasStats, LMSTUDIO_SPEC, lmstudio } from "./others/lmstudio.ts";
import { isOllamaEnd, OLLAMA_SPEC, ollama } from "./others/ollama.ts";
import { CHAT_SPEC, openaiChat } from "./openai/openai-chat.ts";
import { openaiResponses, RESPONSES_SPEC } from "./openai/openai-responses.ts";

/** For paths nobody told us about: the first document with usage shows which dialect it is. */
export const autoDetect: Dialect = {
  name: "none",
  shape: shapeOf(
    unionOf([
      CHAT_SPEC,
      RESPONSES_SPEC,
      MESSAGES_SPEC,
      BATCH_RESULT_SPEC,
      GENERATE_SPEC,
      PREDICT_SPEC,
      INTERACTIONS_SPEC,
      BATCH_OPERATION_SPEC,
      CONVERSE_SPEC,
      INVOKE_SPEC,
      COHERE_SPEC,
      OLLAMA_SPEC,
      LMSTUDIO_SPEC,
    ]),
  ),
  optionalInStreams: false,
  telling:
    /"(?:usage|total_usage|billed_units|stats|eval_count|usageMetadata|usage_metadata|error|amazon-bedrock-invocationMetrics|(?:prompt|generation)_token_count|(?:input|totalOutput)TextTokenCount)"\s*:\s*(?!null|\s)|"message_stop"/,
  read: readSniffed,
  hasContent: () => false,
  // A usage object of no known kind is kept as it is, and its counters stay unknown.
  settle: (findings) => (findings.usage === undefined ? undefined : { raw: rawUsage(findings.usage) }),
};

function readSniffed(findings: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const dialect = findings.dialect ?? dialectOf(document, event);
  if (dialect !== undefined) return { ...dialect.read(findings, document, event), dialect };
  return { ...readCommon(findings, document), usage: fieldsAt(document, "usage") ?? findings.usage };
}

function dialectOf(document: Fields, event: string | undefined): Dialect | undefined {
  if (fieldsAt(document, "usageMetadata") !== undefined || fieldsAt(document, "usage_metadata") !== undefined) {
    return googleGenerate;
  }
  const type = textAt(document, "type") ?? textAt(document, "event_type") ?? event ?? "";
  if (type === "message_start") return anthropicMessages;
  if (type.startsWith("response.")) return openaiResponses;
  if (type.startsWith("interaction.")) return googleInteractions;
  if (fieldsAt(fieldsAt(document, "result"), "message") !== undefined) return anthropicBatch;
  if (isBatchOperation(document)) return googleBatch;
  if (isCountedPrediction(document)) return googlePredict;
  if (hasInvokeCounters(document)) return bedrockInvoke;
  if (hasBilledUnits(document)) return cohereChat;
  if (isOllamaEnd(document)) return ollama;
  if (hasStats(fieldsAt(document, "result") ?? document)) return lmstudio;
  if (Array.isArray(document["choices"])) return openaiChat;
  const usage = fieldsAt(document, "usage");
  return usage === undefined ? undefined : dialectOfUsage(usage, type);
}

function dialectOfUsage(usage: Fields, type: string): Dialect | undefined {
  if (hasMember(usage, "prompt_tokens")) return openaiChat;
  if (hasMember(usage, "inputTokens")) return bedrockConverse;
  if (hasMember(usage, "total_input_tokens")) return googleInteractions;
  if (!hasMember(usage, "input_tokens")) return undefined;
  if (type === "message" || hasMember(usage, "cache_read_input_tokens")) return anthropicMessages;
  return hasMember(usage, "input_tokens_details") ? openaiResponses : undefined;
}
