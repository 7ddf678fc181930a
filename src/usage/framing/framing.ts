import { AwsEventStreamReader } from "./aws-event-stream.ts";
import type { FrameReader, FrameSink } from "./frame-reader.ts";
import { JsonPicker, type DocumentEnd } from "../json/json-picker.ts";
import type { Shape } from "../json/json-shape.ts";
import { NdjsonReader } from "./ndjson.ts";
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
