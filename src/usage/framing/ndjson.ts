import { LF } from "../json/ascii.ts";
import type { FrameReader, FrameSink } from "./frame-reader.ts";
import { JsonPicker, type DocumentEnd } from "../json/json-picker.ts";
import type { Shape } from "../json/json-shape.ts";

/** One JSON document per line. JSON strings cannot contain a raw line feed, so lines are split before parsing. */
export class NdjsonReader implements FrameReader {
  readonly isStream = true;
  readonly #picker: JsonPicker;
  readonly #sink: FrameSink;

  constructor(shape: Shape, sink: FrameSink) {
    this.#sink = sink;
    this.#picker = new JsonPicker(shape, (document) => sink.document(document, undefined));
  }

  push(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      const found = bytes.indexOf(LF, at);
      const end = found === -1 || found >= to ? to : found;
      this.#picker.push(bytes, at, end);
      if (end < to) this.#endLine();
      at = end + 1;
    }
  }

  end(): DocumentEnd {
    return this.#endLine();
  }

  #endLine(): DocumentEnd {
    const end = this.#picker.end();
    if (end === "invalid") this.#sink.invalid();
    return end === "empty" ? "complete" : end;
  }
}
