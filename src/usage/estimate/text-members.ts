/** The members of a request and a response whose strings a tokenizer would count. */
export interface TextMembers {
  readonly request: RegExp;
  /** `undefined` if the response contains no text. */
  readonly body: RegExp | undefined;
  /** The members in the events of a stream. A final event that repeats the text has it in members of other names. */
  readonly stream: RegExp | undefined;
}

/** The members of a dialect; `undefined` if its usage is not tokens of text. */
export function textMembersOf(dialect: string): TextMembers | undefined {
  return BY_DIALECT.get(dialect);
}

/** Finds the opening quote of a string, or of the first string in a list. */
function members(names: string): RegExp {
  return new RegExp(`"(?:${names})":\\s{0,2}(?:\\[\\s{0,2})?"`, "g");
}

const SENT = members(
  "content|text|input|prompt|instructions|system|arguments|output|thinking|query|message|preamble|description|name|title|suffix|inputText",
);

function textMembers(body: string, stream = body, request = SENT): TextMembers {
  return { request, body: members(body), stream: members(stream) };
}

const CHAT = textMembers("content|reasoning_content|reasoning|refusal|arguments");
const TEXT = textMembers("text");
/** The responses are megabytes of vectors without text. */
const VECTORS: TextMembers = {
  request: members("input|inputs|texts|text|content|query|documents"),
  body: undefined,
  stream: undefined,
};

const BY_DIALECT: ReadonlyMap<string, TextMembers> = new Map([
  ["openai.chat", CHAT],
  ["openai.completions", TEXT],
  ["openai.responses", textMembers("text|arguments|refusal", "delta")],
  ["openai.embeddings", VECTORS],
  ["anthropic.messages", textMembers("text|thinking|partial_json")],
  ["openai.speech", { request: members("input|instructions"), body: undefined, stream: undefined }],
  ["google.generate", TEXT],
  ["google.embed", VECTORS],
  ["google.interactions", TEXT],
  ["bedrock.converse", textMembers("text|input")],
  // Each vendor has its own format for requests and responses.
  ["bedrock.invoke", textMembers("text|thinking|partial_json|content|generation|outputText|completion")],
  ["cohere.chat", TEXT],
  ["cohere.meta", VECTORS],
  ["ollama", textMembers("content|response|thinking")],
  ["lmstudio", textMembers("content", "content")],
  ["mistral.conversations", textMembers("content")],
]);
