import { LF } from "../json/ascii.ts";
import { AwsEventStreamReader } from "./aws-event-stream.ts";
import type { FrameReader, FrameSink } from "./frame-reader.ts";
import { JsonPicker, type DocumentEnd } from "../json/json-picker.ts";
import type { Shape } from "../json/json-shape.ts";
import { SseReader } from "./sse.ts";

/** How a body is split into documents. */
export type Framing = "json" | "sse" | "ndjson" | "eventstream";

export function openFraming(framing: Framing, shape: Shape, sink: FrameSink): FrameReader {
  switch (framing) {
    case "json":
      return new JsonReader(shape, sink);
    case "sse":
      return new SseReader(shape, sink);
    case "ndjson":
      return new NdjsonReader(shape, sink);
    case "eventstream":
      return new AwsEventStreamReader(shape, sink);
  }
}

/** One document, or an array of them (Google's `streamGenerateContent` without `alt=sse`). */
class JsonReader implements FrameReader {
  readonly #picker: JsonPicker;

  constructor(shape: Shape, sink: FrameSink) {
    this.#picker = new JsonPicker(shape, (document) => sink.document(document, undefined));
  }

  get isStream(): boolean {
    return this.#picker.isArray;
  }

  push(bytes: Buffer, from: number, to: number): void {
    this.#picker.push(bytes, from, to);
  }

  end(): DocumentEnd {
    return this.#picker.end();
  }
}

/** One JSON document per line. JSON strings cannot contain a raw line feed, so lines are split before parsing. */
class NdjsonReader implements FrameReader {
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
