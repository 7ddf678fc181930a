/** The members of a request and a response whose strings a tokenizer would count, for estimates. */
export interface TextMembers {
  readonly request: RegExp;
  /** `undefined` if the response contains no text. */
  readonly body: RegExp | undefined;
  /** The members in the events of a stream. A final event that repeats the text has it in members of other names. */
  readonly stream: RegExp | undefined;
}

/** For responses with text. The names are separated by `|`. */
export function textMembers(body: string, stream = body): TextMembers {
  return { request: IN_REQUEST, body: stringsOf(body), stream: stringsOf(stream) };
}

/** For responses without text, such as audio, or megabytes of vectors. */
export function requestText(request: string): TextMembers {
  return { request: stringsOf(request), body: undefined, stream: undefined };
}

/** Finds the opening quote of a string, or of the first string in a list. */
function stringsOf(names: string): RegExp {
  return new RegExp(`"(?:${names})":\\s{0,2}(?:\\[\\s{0,2})?"`, "g");
}

const IN_REQUEST = stringsOf(
  "content|text|input|prompt|instructions|system|arguments|output|thinking|query|message|preamble|description|name|title|suffix|inputText",
);

export const EMBEDDED_TEXT = requestText("input|inputs|texts|text|content|query|documents");
