import type { Fields } from "../json/fields.ts";
import { JsonPicker } from "../json/json-picker.ts";
import type { Shape } from "../json/json-shape.ts";
import { MessageInflater } from "./message-inflater.ts";
import type { DecodeFailure } from "../decode/zlib-decoder.ts";

/** The compression that both sides negotiated (RFC 7692 section 7.1). */
export interface MessageCompression {
  readonly windowBits: number;
  readonly noContextTakeover: boolean;
}

export interface MessageListener {
  /** True if the next message may contain something relevant. */
  wantsMessage(): boolean;
  /** True if a message with this beginning contains only content. */
  isIrrelevant(beginning: string): boolean;
  document(document: Fields): void;
}

/**
 * Reads the messages of one direction of a WebSocket: one JSON document each, as text or binary. A message is read as
 * it passes and never held, so its length does not affect memory.
 */
export class MessageReader {
  /** Why reading stopped. */
  failure: DecodeFailure | undefined;
  readonly #listener: MessageListener;
  readonly #picker: JsonPicker;
  readonly #inflater: MessageInflater | undefined;
  readonly #takeover: boolean;
  #compressed = false;
  #skipped = false;
  #begun = false;

  constructor(shape: Shape, listener: MessageListener, compression: MessageCompression | undefined) {
    this.#listener = listener;
    this.#picker = new JsonPicker(shape, (document) => listener.document(document));
    this.#takeover = compression?.noContextTakeover === false;
    if (compression === undefined) return;
    this.#inflater = new MessageInflater(compression.windowBits, this.#takeover, (bytes) =>
      this.#take(bytes, 0, bytes.length),
    );
  }

  /** Returns true if the caller should pass the payload of the message that begins. */
  begin(compressed: boolean): boolean {
    if (this.failure !== undefined) return false;
    this.#compressed = compressed;
    this.#begun = false;
    this.#skipped = !this.#listener.wantsMessage();
    // A later message may refer to the text of this one.
    return !this.#skipped || (compressed && this.#takeover);
  }

  payload(bytes: Buffer, from: number, to: number, last: boolean): void {
    if (this.failure !== undefined) return;
    if (this.#compressed) this.#inflate(bytes.subarray(from, to), last);
    else this.#take(bytes, from, to);
    if (last && this.#begun && !this.#skipped) this.#picker.end();
  }

  close(): void {
    this.#inflater?.close();
  }

  #inflate(bytes: Buffer, last: boolean): void {
    const inflater = this.#inflater;
    this.failure = inflater === undefined ? "encoding" : inflater.write(bytes);
    if (last) this.failure ??= inflater?.end();
    if (this.failure === undefined) return;
    this.#skipped = true;
    inflater?.close();
  }

  #take(bytes: Buffer, from: number, to: number): void {
    if (this.#skipped || from === to) return;
    if (!this.#begun) {
      this.#begun = true;
      // Latin-1 needs no decoding and leaves ASCII unchanged.
      this.#skipped = this.#listener.isIrrelevant(bytes.toString("latin1", from, Math.min(to, from + BEGINNING)));
      if (this.#skipped) return;
    }
    this.#picker.push(bytes, from, to);
  }
}

/** Enough for an event id and a type. A message whose first chunk is shorter is read in full. */
const BEGINNING = 160;
