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

/** One event of a stream, with one token. */
export const EVENT = event([{ index: 0, delta: { content: WORD }, logprobs: null, finish_reason: null }], null);

export const LAST_EVENTS = `${event([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }], null)}${event([], USAGE)}data: [DONE]\n\n`;
