import { openDecoding, type Decoding } from "./decoding.ts";
import { type Fields, fieldsAt, member, textAt } from "./fields.ts";
import { JsonPicker } from "./json-picker.ts";
import { shapeOf } from "./json-shape.ts";
import { FormFieldFinder } from "./form-field.ts";

/** What a request says that its answer may not. */
export interface RequestFacts {
  readonly model: string | undefined;
  readonly stream: boolean | undefined;
  readonly includeUsage: boolean | undefined;
  readonly background: boolean;
}

export const NO_FACTS: RequestFacts = {
  model: undefined,
  stream: undefined,
  includeUsage: undefined,
  background: false,
};

/** Reads the beginning of a request body; images and files may follow for as long as they like. */
export class RequestReader {
  readonly #decoding: Decoding | undefined;
  #picker: JsonPicker | undefined;
  #form: FormFieldFinder | undefined;
  #document: Fields | undefined;
  #left = MAX_WIRE_BYTES;

  constructor(contentType: string | undefined, contentEncoding: string | undefined) {
    if (contentType !== undefined && /^\s*multipart\//i.test(contentType)) this.#form = new FormFieldFinder("model");
    else this.#picker = new JsonPicker(SHAPE, (document) => (this.#document = document));
    this.#decoding = openDecoding(contentEncoding, (bytes) => {
      this.#picker?.push(bytes, 0, bytes.length);
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

  end(): RequestFacts {
    this.#picker?.end();
    this.#decoding?.close();
    if (this.#form !== undefined) return { ...NO_FACTS, model: this.#form.value };
    const stream = member(this.#document, "stream");
    const includeUsage = member(fieldsAt(this.#document, "stream_options"), "include_usage");
    return {
      model: textAt(this.#document, "model"),
      stream: typeof stream === "boolean" ? stream : undefined,
      includeUsage: typeof includeUsage === "boolean" ? includeUsage : undefined,
      background: member(this.#document, "background") === true,
    };
  }
}

const SHAPE = shapeOf({
  model: "value",
  stream: "value",
  stream_options: { include_usage: "value" },
  background: "value",
});
const MAX_WIRE_BYTES = 1024 * 1024;
