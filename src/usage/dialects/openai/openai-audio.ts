import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon, type UsageContext } from "../dialect.ts";
import { amountAt, type Fields, fieldsAt, hasMember, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { tokenUsage } from "./token-usage.ts";
import { openaiChat } from "./openai-chat.ts";
import { requestText } from "../text-members.ts";

/**
 * …/audio/transcriptions and …/translations: tokens or seconds, depending on the model; Mistral's have the counters of
 * chat.
 */
export const openaiTranscription: Dialect = {
  name: "openai.transcription",
  shape: shapeOf({ ...COMMON, duration: "value" }),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)|"type"\s*:\s*"(?:error|[a-z_.]+\.done)"/,
  read: readAudio,
  hasContent: (document, event) => /\.(?:delta|segment)$/.test(textAt(document, "type") ?? event ?? ""),
  toUsage: usageOfAudio,
};

/** …/audio/speech: only the event stream has usage; plain audio has none. */
export const openaiSpeech: Dialect = {
  ...openaiTranscription,
  name: "openai.speech",
  text: requestText("input|instructions"),
};

/** Mistral's other paths under …/audio. */
export const mistralAudio: Dialect = { ...openaiTranscription, name: "mistral.audio" };

function readAudio(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  const next = readCommon(partial, document);
  const duration = amountAt(document, "duration");
  return {
    ...next,
    // The ids in events are those of segments.
    id: type === undefined ? next.id : partial.id,
    usage: fieldsAt(document, "usage") ?? partial.usage,
    extra: duration === undefined ? partial.extra : { duration },
    ended: partial.ended || type?.endsWith(".done") === true,
  };
}

function usageOfAudio(partial: PartialUsage, context: UsageContext): Usage | undefined {
  const { usage, extra } = partial;
  // A verbose transcript states the duration of the recording, even without usage.
  if (usage === undefined) return extra && { audioSeconds: amountAt(extra, "duration") };
  return hasMember(usage, "prompt_tokens") ? openaiChat.toUsage(partial, context) : tokenUsage(usage);
}
