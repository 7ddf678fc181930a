import type { Fields } from "../json/fields.ts";
import type { DocumentEnd } from "../json/json-picker.ts";

/** Cuts bytes into documents for a sink. Keeps no reference to the bytes it is pushed. */
export interface FrameReader {
  push(bytes: Buffer, from: number, to: number): void;
  end(): DocumentEnd;
  /** The body is a sequence of documents, delivered in pieces. */
  readonly isStream: boolean;
}

export interface FrameSink {
  /** Whether a frame's bytes can hold anything of interest; asked of frames of moderate size only. */
  wants(bytes: Buffer, from: number, to: number): boolean;
  document(document: Fields, event: string | undefined): void;
  /** A piece of a document, where the body does not hold it as it is; for those who look at the text. */
  onDecoded?(bytes: Buffer, from: number, to: number): void;
  /** A document was not whole JSON; later ones are read all the same. */
  invalid(): void;
  /** The stream said that it is over (`[DONE]`). */
  ended(): void;
}
