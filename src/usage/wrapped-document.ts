import { ByteStore } from "./byte-store.ts";
import type { FrameSink } from "./frame-reader.ts";
import { JsonPicker } from "./json-picker.ts";
import { type Shape, shapeOf } from "./json-shape.ts";

/**
 * The payload of a Bedrock `chunk` event: `{"bytes":"<base64 of a document>","p":"<padding>"}`. Unwraps the document at any
 * split of the payload; one too large to be held goes through the picker as it comes.
 */
export class WrappedDocument {
  readonly #sink: FrameSink;
  readonly #payload: JsonPicker;
  readonly #document: JsonPicker;
  readonly #decoded = new ByteStore();
  /** Less than four characters of base64, which are no whole bytes yet. */
  #rest = "";
  #streaming = false;

  constructor(shape: Shape, sink: FrameSink) {
    this.#sink = sink;
    this.#document = new JsonPicker(shape, (document) => sink.document(document, undefined));
    this.#payload = new JsonPicker(PAYLOAD, ignore, (bytes, from, to) => this.#text(bytes, from, to));
  }

  begin(length: number): void {
    this.#streaming = length > MAX_HELD;
  }

  push(bytes: Buffer, from: number, to: number): void {
    this.#payload.push(bytes, from, to);
  }

  end(): void {
    const payload = this.#payload.end();
    const decoded = this.#decoded.view();
    if (decoded.length > 0 && this.#sink.wants(decoded, 0, decoded.length)) {
      this.#document.push(decoded, 0, decoded.length);
    }
    this.#decoded.clear();
    this.#rest = "";
    const document = this.#document.end();
    if (payload === "torn" || document === "torn") this.#sink.torn();
  }

  /** A piece of the string as it stands in the payload, its quotes included. */
  #text(bytes: Buffer, from: number, to: number): void {
    const piece = bytes.toString("latin1", from, to);
    // A quote can only stand at either end; some encoders put a backslash before a slash.
    const start = piece.startsWith('"') ? 1 : 0;
    const end = piece.endsWith('"') ? piece.length - 1 : piece.length;
    const plain = piece.slice(start, Math.max(start, end));
    const text = this.#rest + (plain.includes("\\") ? plain.replaceAll("\\", "") : plain);

    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    if (whole === 0) return;
    const decoded = Buffer.from(whole === text.length ? text : text.slice(0, whole), "base64");
    if (this.#streaming) this.#document.push(decoded, 0, decoded.length);
    else this.#decoded.append(decoded, 0, decoded.length, MAX_HELD);
  }
}

function ignore(): void {
  // Nothing but the wrapped document is of interest.
}

const PAYLOAD = shapeOf({ bytes: "text" });
/** The largest payload whose document is held together to be asked about. */
const MAX_HELD = 24 * 1024;
