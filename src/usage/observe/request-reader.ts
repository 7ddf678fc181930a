import { openDecoding, type Decoding } from "../decode/decoder.ts";
import { type Fields, fieldsAt, member, textAt } from "../json/fields.ts";
import { JsonPicker } from "../json/json-picker.ts";
import { shapeOf } from "../json/json-shape.ts";
import type { DecoderPool } from "../decode/decoder-pool.ts";
import { TextCounter } from "../estimate/text-counter.ts";

/** The parameters of a request that its response may not repeat. */
export interface RequestParameters {
  readonly model: string | undefined;
  readonly stream: boolean | undefined;
  readonly includeUsage: boolean | undefined;
  readonly background: boolean;
  /** The approximate number of text tokens in the request; `undefined` if none was counted. */
  readonly textTokens: () => number | undefined;
}

export const NO_PARAMETERS: RequestParameters = {
  model: undefined,
  stream: undefined,
  includeUsage: undefined,
  background: false,
  textTokens: () => undefined,
};

export interface RequestBodyFormat {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** The members whose text is counted, if any. */
  readonly text: RegExp | undefined;
}

/** Reads a request body as it passes, up to a limit. The parameters often follow long messages, images and files. */
export class RequestReader {
  readonly #decoding: Decoding | undefined;
  #picker: JsonPicker | undefined;
  #form: FormFields | undefined;
  #textCounter: TextCounter | undefined;
  #document: Fields | undefined;
  #left: number;

  constructor(request: RequestBodyFormat, decoders: DecoderPool) {
    const { contentType, contentEncoding, text } = request;
    const isForm = contentType !== undefined && /^\s*multipart\//i.test(contentType);
    if (isForm) this.#form = new FormFields(contentType, ["model", "stream"]);
    else {
      this.#picker = new JsonPicker(REQUEST_SHAPE, (document) => (this.#document = document));
      if (text !== undefined) this.#textCounter = new TextCounter(text);
    }
    this.#left = isForm ? MAX_FORM_BYTES : MAX_JSON_BYTES;
    this.#decoding = openDecoding(contentEncoding, decoders, (bytes) => {
      this.#picker?.push(bytes, 0, bytes.length);
      this.#textCounter?.push(bytes, 0, bytes.length);
      this.#form?.push(bytes);
      return undefined;
    });
  }

  push(bytes: Buffer): void {
    if (this.#left <= 0 || this.#decoding === undefined) return;
    const piece = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= piece.length;
    if (this.#decoding.write(piece) !== undefined) this.#left = 0;
  }

  end(): RequestParameters {
    this.#picker?.end();
    this.#decoding?.close();
    return this.parameters;
  }

  /** The parameters read so far. */
  get parameters(): RequestParameters {
    const form = this.#form;
    if (form !== undefined) return { ...NO_PARAMETERS, model: form.value("model"), stream: flag(form.value("stream")) };
    // Zero means unknown: the text may be in members of other names, or the body in an unknown coding.
    return parametersOf(this.#document, () => this.#textCounter?.tokens || undefined);
  }
}

/** The parameters in the members of `REQUEST_SHAPE`. */
export function parametersOf(
  document: Fields | undefined,
  textTokens: RequestParameters["textTokens"],
): RequestParameters {
  const stream = member(document, "stream");
  const includeUsage = member(fieldsAt(document, "stream_options"), "include_usage");
  return {
    model: textAt(document, "model"),
    stream: typeof stream === "boolean" ? stream : undefined,
    includeUsage: typeof includeUsage === "boolean" ? includeUsage : undefined,
    background: member(document, "background") === true,
    textTokens,
  };
}

/** Parses a boolean as the official libraries write it in forms. */
function flag(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  return /^(?:true|1)$/i.test(text);
}

/** The members of a request that its reading needs. */
export const REQUEST_SHAPE = shapeOf({
  model: "value",
  stream: "value",
  stream_options: { include_usage: "value" },
  background: "value",
});
/** Many libraries put the model after the messages, which may contain images. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;
/** As large as audio and image uploads are. Passing over a file costs almost nothing. */
const MAX_FORM_BYTES = 256 * 1024 * 1024;

/**
 * Finds short text fields in a multipart form (RFC 7578) that may contain files of any size. A native search passes
 * over the files. Text inside a file that looks like a field does not count, unless the form's boundary follows it.
 */
class FormFields {
  readonly #names: readonly string[];
  readonly #end: string;
  readonly #values = new Map<string, string>();
  /** The last bytes seen, long enough to find a field that spans two chunks. */
  #tail: Buffer = NO_BYTES;

  constructor(contentType: string, names: readonly string[]) {
    this.#names = names;
    const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;,]{1,70}))/i.exec(contentType);
    this.#end = `\r\n--${boundary?.[1] ?? boundary?.[2] ?? ""}`;
  }

  value(name: string): string | undefined {
    return this.#values.get(name);
  }

  push(bytes: Buffer): void {
    if (this.#values.size === this.#names.length) return;
    const seam = Buffer.concat([this.#tail, bytes.subarray(0, MAX_FIELD)]);
    this.#search(seam);
    if (bytes.length > MAX_FIELD) this.#search(bytes);
    // A copy, because the caller reuses the buffer.
    this.#tail = Buffer.from((bytes.length > MAX_FIELD ? bytes : seam).subarray(-MAX_FIELD));
  }

  #search(bytes: Buffer): void {
    let at = bytes.indexOf(DISPOSITION);
    while (at !== -1) {
      const part = PART.exec(bytes.toString("latin1", at, at + MAX_FIELD));
      const [head, name = "", value] = part ?? [];
      const isWanted = this.#names.includes(name) && value !== undefined && !this.#values.has(name);
      if (isWanted && bytes.indexOf(this.#end, at, "latin1") === at + (head?.length ?? 0))
        this.#values.set(name, value);
      at = bytes.indexOf(DISPOSITION, at + DISPOSITION.length);
    }
  }
}

const MAX_FIELD = 1024;
const NO_BYTES = Buffer.alloc(0);
const DISPOSITION = Buffer.from("form-data;");
/** From the head to the value: the name, further parameters and header lines, an empty line, then one line of text. */
const PART =
  /^form-data;\s*name="?([\w.-]{1,64})"?[^\r\n]*\r\n(?:[^\r\n]{1,128}\r\n){0,4}\r\n([^\r\n]{1,256})(?=\r\n--)/;
