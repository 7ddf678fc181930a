/** Events of OpenAI's WebSockets, with their members in the order on the wire. */

export function realtimeUsage(input: number, output: number): object {
  return {
    total_tokens: input + output,
    input_tokens: input,
    output_tokens: output,
    input_token_details: {
      text_tokens: input - 13,
      audio_tokens: 13,
      image_tokens: 0,
      cached_tokens: 64,
      cached_tokens_details: { text_tokens: 64, audio_tokens: 0, image_tokens: 0 },
    },
    output_token_details: { text_tokens: 30, audio_tokens: output - 30 },
  };
}

export function sessionCreated(model: string, transcriptionModel = "gpt-4o-mini-transcribe"): object {
  const input = { format: { type: "audio/pcm", rate: 24_000 }, transcription: { model: transcriptionModel } };
  return {
    type: "session.created",
    event_id: "e0",
    session: { id: "sess_1", type: "realtime", model, audio: { input } },
  };
}

export function responseCreated(id: string): object {
  return { type: "response.created", event_id: `e-${id}`, response: { id, status: "in_progress", usage: null } };
}

export function audioDelta(id: string, audio = "UklGRg=="): object {
  return { type: "response.output_audio.delta", event_id: "e1", response_id: id, item_id: "item_1", delta: audio };
}

export function responseDone(id: string, usage: object | null, more: object = {}): object {
  return {
    type: "response.done",
    event_id: `e-${id}-done`,
    response: { id, object: "realtime.response", status: "completed", output: [], usage, ...more },
  };
}

export function transcribed(itemId: string, usage: object): object {
  return {
    type: "conversation.item.input_audio_transcription.completed",
    event_id: "e2",
    item_id: itemId,
    content_index: 0,
    transcript: 'He said "usage":{"input_tokens":999999}',
    usage,
  };
}

/** A snapshot of a Responses stream. */
export function snapshot(type: string, id: string, fields: object = {}, more: object = {}): object {
  return { type, sequence_number: 0, response: { id, object: "response", model: "gpt-x-2026", ...fields }, ...more };
}

export function textDelta(text: string, more: object = {}): object {
  return { type: "response.output_text.delta", sequence_number: 1, item_id: "msg_1", delta: text, ...more };
}

export function responsesUsage(input: number, output: number): object {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 16, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 5 },
    total_tokens: input + output,
  };
}
