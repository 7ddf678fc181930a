import { openDecoding, type Decoding } from "../decode/decoder.ts";
import { type Fields, fieldsAt, member, textAt } from "../json/fields.ts";
import { FormFields } from "../json/form-field.ts";
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
      this.#picker = new JsonPicker(SHAPE, (document) => (this.#document = document));
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
    const stream = member(this.#document, "stream");
    const includeUsage = member(fieldsAt(this.#document, "stream_options"), "include_usage");
    return {
      model: textAt(this.#document, "model"),
      stream: typeof stream === "boolean" ? stream : undefined,
      includeUsage: typeof includeUsage === "boolean" ? includeUsage : undefined,
      background: member(this.#document, "background") === true,
      // Zero means unknown: the text may be in members of other names, or the body in an unknown coding.
      textTokens: () => this.#textCounter?.tokens || undefined,
    };
  }
}

/** Parses a boolean as the official libraries write it in forms. */
function flag(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  return /^(?:true|1)$/i.test(text);
}

const SHAPE = shapeOf({
  model: "value",
  stream: "value",
  stream_options: { include_usage: "value" },
  background: "value",
});
/** Many libraries put the model after the messages, which may contain images. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;
/** As large as audio and image uploads are. Passing over a file costs almost nothing. */
const MAX_FORM_BYTES = 256 * 1024 * 1024;
