/** The responses of the benchmark's upstreams: OpenAI's format, with usage, so that LMGate has something to count. */

const USAGE = {
  prompt_tokens: 120,
  completion_tokens: 120,
  total_tokens: 240,
  prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
};
const SMALL_WORDS = 120;
const WORD = "word ";

/** A chat completion of 1 KB, or of about `bytes`. */
export function chatCompletion(bytes = 0): string {
  const words = Math.max(SMALL_WORDS, Math.round(bytes / WORD.length));
  return JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1_795_000_000,
    model: "gpt-bench-2026",
    choices: [{ index: 0, message: { role: "assistant", content: WORD.repeat(words) }, finish_reason: "stop" }],
    usage: USAGE,
    service_tier: "default",
  });
}

function event(choices: readonly object[], usage: object | null): string {
  const data = { id: "chatcmpl-bench", object: "chat.completion.chunk", created: 1_795_000_000 };
  const rest = { model: "gpt-bench-2026", service_tier: "default", choices, usage };
  return `data: ${JSON.stringify({ ...data, ...rest })}\n\n`;
}

const EVENT = event([{ index: 0, delta: { content: WORD }, logprobs: null, finish_reason: null }], null);

const LAST_EVENTS = `${event([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }], null)}${event([], USAGE)}data: [DONE]\n\n`;

/** The parts of an event stream. */
export interface StreamFormat {
  /** Comes before the first event. */
  readonly first: string;
  /** One event with one token. Every event has one `data:`. */
  readonly event: string;
  readonly last: string;
}

const ANTHROPIC_USAGE = { input_tokens: 120, output_tokens: 1, cache_read_input_tokens: 64 };

function anthropic(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

function google(text: string, rest: object): string {
  const usageMetadata = { promptTokenCount: 120, candidatesTokenCount: 120, totalTokenCount: 240 };
  const candidates = [{ content: { parts: [{ text }], role: "model" }, index: 0, ...rest }];
  const more = { usageMetadata, modelVersion: "gemini-bench", responseId: "bench" };
  return `data: ${JSON.stringify({ candidates, ...more })}\r\n\r\n`;
}

export const STREAMS = {
  openai: { first: "", event: EVENT, last: LAST_EVENTS },
  anthropic: {
    first: anthropic("message_start", {
      message: { id: "msg_bench", type: "message", role: "assistant", model: "claude-bench", usage: ANTHROPIC_USAGE },
    }),
    event: anthropic("content_block_delta", { index: 0, delta: { type: "text_delta", text: WORD } }),
    last:
      anthropic("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 120 } }) +
      anthropic("message_stop", {}),
  },
  google: { first: "", event: google(WORD, {}), last: google("", { finishReason: "STOP" }) },
} as const satisfies Readonly<Record<string, StreamFormat>>;
