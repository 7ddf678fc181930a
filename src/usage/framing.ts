import type { Fields } from "./fields.ts";
import { JsonPicker, type Wholeness } from "./json-picker.ts";
import type { Shape } from "./json-shape.ts";
import { NdjsonReader } from "./ndjson.ts";
import { SseReader } from "./sse.ts";

/** How a body is cut into documents. */
export type Framing = "json" | "sse" | "ndjson";

/** Cuts bytes into documents for a sink. Keeps no reference to the bytes it is pushed. */
export interface FrameReader {
  push(bytes: Buffer, from: number, to: number): void;
  end(): Wholeness;
  /** The body is a sequence of documents, delivered in pieces. */
  readonly isStream: boolean;
}

export interface FrameSink {
  /** Whether a frame's bytes can hold anything of interest; asked of frames of moderate size only. */
  wants(bytes: Buffer, from: number, to: number): boolean;
  document(document: Fields, event: string | undefined): void;
  /** A document was not whole JSON; later ones are read all the same. */
  torn(): void;
  /** The stream said that it is over (`[DONE]`). */
  ended(): void;
}

export function openFraming(framing: Framing, shape: Shape, sink: FrameSink): FrameReader {
  switch (framing) {
    case "json":
      return new JsonReader(shape, sink);
    case "sse":
      return new SseReader(shape, sink);
    case "ndjson":
      return new NdjsonReader(shape, sink);
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

  end(): Wholeness {
    return this.#picker.end();
  }
}
