import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon, type UsageContext } from "../dialect.ts";
import { amountAt, type Fields, fieldsAt, hasMember, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { tokenUsage } from "./token-usage.ts";
import { openaiChat } from "./openai-chat.ts";

/** …/audio/transcriptions and …/translations: tokens or seconds, as the model is billed; Mistral's have chat's counters. */
export const openaiTranscription: Dialect = {
  name: "openai.transcription",
  shape: shapeOf({ ...COMMON, duration: "value" }),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)|"type"\s*:\s*"(?:error|[a-z_.]+\.done)"/,
  read: readAudio,
  hasContent: (document, event) => /\.(?:delta|segment)$/.test(textAt(document, "type") ?? event ?? ""),
  toUsage: usageOfAudio,
};

/** …/audio/speech: sound has no usage in it; only its event form has. */
export const openaiSpeech: Dialect = { ...openaiTranscription, name: "openai.speech" };

/** What else Mistral has under …/audio. */
export const mistralAudio: Dialect = { ...openaiTranscription, name: "mistral.audio" };

function readAudio(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  const next = readCommon(partial, document);
  const duration = amountAt(document, "duration");
  return {
    ...next,
    // The ids of events are those of segments.
    id: type === undefined ? next.id : partial.id,
    usage: fieldsAt(document, "usage") ?? partial.usage,
    breakdown: duration === undefined ? partial.breakdown : { duration },
    ended: partial.ended || type?.endsWith(".done") === true,
  };
}

function usageOfAudio(partial: PartialUsage, facts: UsageContext): Usage | undefined {
  const { usage, breakdown } = partial;
  // A verbose transcript says how long the recording is, also where it says nothing of usage.
  if (usage === undefined) return breakdown && { audioSeconds: amountAt(breakdown, "duration") };
  return hasMember(usage, "prompt_tokens") ? openaiChat.toUsage(partial, facts) : tokenUsage(usage);
}
