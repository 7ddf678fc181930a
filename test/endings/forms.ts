/** The forms in which a response reports its usage, each split into its beginning and its end. */
import type { RequestRecord } from "../../src/core/request/request-record.ts";

type Counters = Pick<RequestRecord, "input_tokens" | "output_tokens">;

export interface Form {
  readonly name: string;
  readonly path: string;
  readonly request: string;
  readonly type: string;
  /** The beginning, with content. */
  readonly first: string;
  /** The last content of `first`; the client waits for it before the test continues. */
  readonly mark: string;
  /** The usage and the end. */
  readonly last: string;
  /** The counters after `first`, and at the end. */
  readonly countersSoFar: Counters;
  readonly final: Counters;
  /** An error in place of the rest; `undefined` if a body cannot contain one after its beginning. */
  readonly errorInside: string | undefined;
  /** A response that is only an error, with status 200. */
  readonly errorAlone: string;
  /** The error as the body of a response with an error status. */
  readonly errorBody: string;
  readonly errorType: string;
}

const NOTHING: Counters = { input_tokens: null, output_tokens: null };
const EVENTS = "text/event-stream";
const JSON_TYPE = "application/json";
const sampleText = "These twelve words are here so that the test can estimate their tokens.";

function json(value: unknown): string {
  return JSON.stringify(value);
}

function event(value: unknown, name?: string): string {
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${json(value)}\n\n`;
}

const chatRequest = {
  model: "asked-for",
  messages: [{ role: "user", content: sampleText }],
};
const chatUsage = { prompt_tokens: 21, completion_tokens: 34, total_tokens: 55 };
const chatError = { error: { message: "no", type: "server_error", param: null, code: null } };
const plainResponse = {
  id: "c-1",
  model: "response-model",
  choices: [{ message: { content: `${sampleText} mark` } }],
  usage: chatUsage,
};
const plainText = json(plainResponse);
const plainCut = plainText.indexOf("mark") + 4;

const plain: Form = {
  name: "a plain JSON response",
  path: "/openai/v1/chat/completions",
  request: json(chatRequest),
  type: JSON_TYPE,
  first: plainText.slice(0, plainCut),
  mark: "mark",
  last: plainText.slice(plainCut),
  countersSoFar: NOTHING,
  final: { input_tokens: 21, output_tokens: 34 },
  errorInside: undefined,
  errorAlone: json(chatError),
  errorBody: json(chatError),
  errorType: "server_error",
};

const chatChunk = (content: string): string =>
  event({ id: "c-1", model: "response-model", choices: [{ delta: { content } }], usage: null });

const chatEvents: Form = {
  name: "a chat stream with usage at its end",
  path: "/openai/v1/chat/completions",
  request: json({ ...chatRequest, stream: true, stream_options: { include_usage: true } }),
  type: EVENTS,
  first: chatChunk(sampleText) + chatChunk(" mark"),
  mark: "mark",
  last: `${event({ id: "c-1", model: "response-model", choices: [], usage: chatUsage })}data: [DONE]\n\n`,
  countersSoFar: NOTHING,
  final: { input_tokens: 21, output_tokens: 34 },
  errorInside: event(chatError),
  errorAlone: event(chatError),
  errorBody: json(chatError),
  errorType: "server_error",
};

const anthropicError = { type: "error", error: { type: "overloaded_error", message: "no" } };

function delta(text: string): string {
  return event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }, "content_block_delta");
}

const anthropic: Form = {
  name: "a Messages stream after message_start",
  path: "/openai/v1/messages",
  request: json({ ...chatRequest, max_tokens: 99, stream: true }),
  type: EVENTS,
  first:
    event(
      {
        type: "message_start",
        message: {
          id: "m-1",
          model: "response-model",
          usage: { input_tokens: 21, cache_read_input_tokens: 5, output_tokens: 1 },
        },
      },
      "message_start",
    ) +
    delta(sampleText) +
    delta(" mark"),
  mark: "mark",
  last:
    event(
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 34 } },
      "message_delta",
    ) + event({ type: "message_stop" }, "message_stop"),
  countersSoFar: { input_tokens: 21, output_tokens: null },
  final: { input_tokens: 21, output_tokens: 34 },
  errorInside: event(anthropicError, "error"),
  errorAlone: event(anthropicError, "error"),
  errorBody: json(anthropicError),
  errorType: "overloaded_error",
};

const googleError = { error: { code: 503, message: "no", status: "UNAVAILABLE" } };

function candidate(text: string, candidatesTokenCount: number): object {
  return {
    candidates: [{ content: { role: "model", parts: [{ text }] } }],
    usageMetadata: { promptTokenCount: 21, candidatesTokenCount, totalTokenCount: 21 + candidatesTokenCount },
    modelVersion: "response-model",
  };
}

const googleRequest = json({ contents: [{ role: "user", parts: [{ text: sampleText }] }] });

const googleEvents: Form = {
  name: "a Gemini stream of events",
  path: "/openai/v1beta/models/asked-for:streamGenerateContent?alt=sse",
  request: googleRequest,
  type: EVENTS,
  first: event(candidate(sampleText, 5)) + event(candidate(" mark", 8)),
  mark: "mark",
  last: event(candidate(".", 34)),
  countersSoFar: { input_tokens: 21, output_tokens: 8 },
  final: { input_tokens: 21, output_tokens: 34 },
  errorInside: event(googleError),
  errorAlone: event(googleError),
  errorBody: json(googleError),
  errorType: "UNAVAILABLE",
};

const googleArray: Form = {
  ...googleEvents,
  name: "a Gemini stream as one array",
  path: "/openai/v1beta/models/asked-for:streamGenerateContent",
  type: JSON_TYPE,
  first: `[${json(candidate(sampleText, 5))},\n${json(candidate(" mark", 8))}`,
  last: `,\n${json(candidate(".", 34))}]`,
  errorInside: `,\n${json(googleError)}]`,
  errorAlone: `[${json(googleError)}]`,
  errorBody: `[${json(googleError)}]`,
};

export const forms: readonly Form[] = [plain, chatEvents, anthropic, googleEvents, googleArray];
