/** Finds one short text field in the bytes of a multipart form (RFC 7578), wherever the parts before it end. */
export class FormFieldFinder {
  readonly #pattern: RegExp;
  /** The end of what was seen, long enough for a field's head and value to be found across two pieces. */
  #tail = "";
  value: string | undefined;

  constructor(name: string) {
    // Part head to value: the name, further parameters and header lines, an empty line, then one line of text.
    this.#pattern = new RegExp(
      `form-data;\\s*name="?${name}"?[^\\r\\n]*\\r\\n(?:[^\\r\\n]{1,128}\\r\\n){0,4}\\r\\n([^\\r\\n]{1,256})\\r\\n`,
      "i",
    );
  }

  push(bytes: Buffer): void {
    if (this.value !== undefined) return;
    const text = this.#tail + bytes.toString("latin1");
    this.value = this.#pattern.exec(text)?.[1];
    this.#tail = text.slice(-MAX_FIELD);
  }
}

const MAX_FIELD = 1024;
