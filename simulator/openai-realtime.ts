import type { SimulatedResponse, SimulatedRequest, Frame } from "./response.ts";
import { makePlan, type Plan } from "./plan.ts";

/** The server's first event: https://platform.openai.com/docs/api-reference/realtime-server-events */
export function realtimeGreeting(request: SimulatedRequest): readonly object[] {
  const input = { format: { type: "audio/pcm", rate: 24_000 }, transcription: null };
  const session = {
    type: "realtime",
    object: "realtime.session",
    id: request.id("sess_"),
    model: request.model,
    audio: { input },
  };
  return [{ type: "session.created", event_id: request.id("event_"), session }];
}

/** One spoken response to a `response.create`. */
export function realtimeResponse(request: SimulatedRequest): SimulatedResponse {
  const plan = makePlan(request, { prompt: request.body["response"], maxTokens: undefined });
  const id = request.id("resp_");
  return {
    operation: "realtime",
    id,
    model: request.model,
    status: 101,
    headers: {},
    stream: true,
    frames: events(request, plan, id),
    errorFrame: () => "",
  };
}

function* events(request: SimulatedRequest, plan: Plan, id: string): Generator<Frame> {
  let count = 0;
  const event = (type: string, fields: object): string =>
    JSON.stringify({ type, event_id: `${request.id("event_")}_${count++}`, ...fields });
  const response = { object: "realtime.response", id, status_details: null, output: [] };
  yield { text: event("response.created", { response: { ...response, status: "in_progress", usage: null } }) };
  const position = { response_id: id, item_id: request.id("item_"), output_index: 0, content_index: 0 };
  for (const piece of plan.pieces) {
    const delta = Buffer.from(piece.repeat(20)).toString("base64");
    yield { text: event("response.output_audio.delta", { ...position, delta }), content: true };
    yield { text: event("response.output_audio_transcript.delta", { ...position, delta: piece }) };
  }
  yield { text: event("response.output_audio.done", position) };
  yield {
    text: event("response.done", { response: { ...response, status: "completed", usage: usageOf(plan) } }),
    counters: { input: plan.input, output: plan.output, cached: plan.cached },
  };
}

function usageOf({ input, output, cached }: Plan): object {
  return {
    total_tokens: input + output,
    input_tokens: input,
    output_tokens: output,
    input_token_details: {
      text_tokens: input,
      audio_tokens: 0,
      image_tokens: 0,
      cached_tokens: cached,
      cached_tokens_details: { text_tokens: cached, audio_tokens: 0, image_tokens: 0 },
    },
    output_token_details: { text_tokens: 0, audio_tokens: output },
  };
}
