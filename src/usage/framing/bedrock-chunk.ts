import { QUOTE } from "../json/ascii.ts";
import { BoundedBuffer } from "../json/bounded-buffer.ts";
import type { FrameSink } from "./frame-reader.ts";
import { JsonPicker } from "../json/json-picker.ts";
import { type Shape, shapeOf } from "../json/json-shape.ts";

/**
 * Unwraps the payload of a Bedrock `chunk` event, `{"bytes":"<base64 of a document>","p":"<padding>"}`, wherever it is
 * split. A document too large to hold goes to the picker as it arrives.
 */
export class BedrockChunk {
  readonly #sink: FrameSink;
  readonly #payload: JsonPicker;
  readonly #document: JsonPicker;
  /** The base64 text of the payload, with its quotes. */
  readonly #held = new BoundedBuffer();
  #streaming = false;
  /** Up to three base64 characters that do not make whole bytes yet; used only while streaming. */
  #rest = "";

  constructor(shape: Shape, sink: FrameSink) {
    this.#sink = sink;
    this.#document = new JsonPicker(shape, (document) => sink.document(document, undefined));
    this.#payload = new JsonPicker(PAYLOAD, ignore, (bytes, from, to) => {
      if (this.#streaming) this.#stream(bytes, from, to);
      else this.#held.append(bytes, from, to, MAX_HELD);
    });
  }

  begin(length: number): void {
    this.#streaming = length > MAX_HELD;
  }

  push(bytes: Buffer, from: number, to: number): void {
    this.#payload.push(bytes, from, to);
  }

  end(): void {
    const payload = this.#payload.end();
    const decoded = this.#streaming ? Buffer.from(this.#rest, "base64") : decodedText(this.#held.view());
    this.#sink.onDecoded?.(decoded, 0, decoded.length);
    if (this.#streaming || this.#sink.wants(decoded, 0, decoded.length)) {
      this.#document.push(decoded, 0, decoded.length);
    }
    const document = this.#document.end();
    if (payload === "invalid" || document === "invalid") this.#sink.invalid();
    this.#held.clear();
    this.#rest = "";
  }

  #stream(bytes: Buffer, from: number, to: number): void {
    // After quotes, padding and the backslashes that some encoders put before a slash are removed, every split decodes
    // to the same bytes.
    const text = this.#rest + bytes.toString("latin1", from, to).replaceAll(NOT_BASE64, "");
    const decodable = text.length - (text.length % 4);
    this.#rest = text.slice(decodable);
    const decoded = Buffer.from(text.slice(0, decodable), "base64");
    this.#sink.onDecoded?.(decoded, 0, decoded.length);
    this.#document.push(decoded, 0, decoded.length);
  }
}

function decodedText(text: Buffer): Buffer {
  // The decoder ignores the quotes, but is slower with them.
  const from = text[0] === QUOTE ? 1 : 0;
  const to = text[text.length - 1] === QUOTE ? text.length - 1 : text.length;
  return Buffer.from(text.toString("latin1", from, Math.max(from, to)), "base64");
}

function ignore(): void {
  // Only the wrapped document is of interest.
}

const PAYLOAD = shapeOf({ bytes: "text" });
const NOT_BASE64 = /[^A-Za-z0-9+/_-]+/g;
/** The largest payload whose document is held for `wants`. */
const MAX_HELD = 24 * 1024;
