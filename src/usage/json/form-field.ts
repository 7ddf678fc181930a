/**
 * Finds short text fields in a multipart form (RFC 7578) that may contain files of any size. A native search passes
 * over the files. Text inside a file that looks like a field does not count, unless the form's boundary follows it.
 */
export class FormFields {
  readonly #names: readonly string[];
  readonly #end: string;
  readonly #values = new Map<string, string>();
  /** The last bytes seen, long enough to find a field that spans two chunks. */
  #tail: Buffer = EMPTY;

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
const EMPTY = Buffer.alloc(0);
const DISPOSITION = Buffer.from("form-data;");
/** From the head to the value: the name, further parameters and header lines, an empty line, then one line of text. */
const PART =
  /^form-data;\s*name="?([\w.-]{1,64})"?[^\r\n]*\r\n(?:[^\r\n]{1,128}\r\n){0,4}\r\n([^\r\n]{1,256})(?=\r\n--)/;
