import type { Fields } from "../json/fields.ts";
import type { DocumentEnd } from "../json/json-picker.ts";

/** Splits bytes into documents for a sink. It keeps no reference to the bytes it is given. */
export interface FrameReader {
  push(bytes: Buffer, from: number, to: number): void;
  end(): DocumentEnd;
  /** True if the body is a sequence of documents. */
  readonly isStream: boolean;
}

export interface FrameSink {
  /** True if the frame may contain something the sink needs. Asked only for frames small enough to hold. */
  wants(bytes: Buffer, from: number, to: number): boolean;
  document(document: Fields, event: string | undefined): void;
  /** Gets the decoded bytes of a document that the body contains only in encoded form, to count its text. */
  onDecoded?(bytes: Buffer, from: number, to: number): void;
  /** A document was not valid JSON. Later documents are still read. */
  invalid(): void;
  /** The stream sent its end marker, `[DONE]`. */
  ended(): void;
}
