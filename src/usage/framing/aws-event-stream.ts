import { crc32 } from "node:zlib";
import { BoundedBuffer } from "../json/bounded-buffer.ts";
import { type AwsEventHeaders, eventHeaders } from "./aws-event-headers.ts";
import type { FrameReader, FrameSink } from "./frame-reader.ts";
import { JsonPicker, type DocumentEnd } from "../json/json-picker.ts";
import type { Shape } from "../json/json-shape.ts";
import { BedrockChunk } from "./bedrock-chunk.ts";

/**
 * Reads AWS event streams (https://smithy.io/2.0/aws/amazon-eventstream.html), the format of Bedrock's streams:
 * length-prefixed frames of headers and a JSON payload. A frame that one buffer contains whole is not copied, and a
 * large payload is not held. After an impossible length the frame boundaries are lost, so the reader stops.
 */
export class AwsEventStreamReader implements FrameReader {
  readonly isStream = true;
  readonly #sink: FrameSink;
  readonly #picker: JsonPicker;
  readonly #wrapped: BedrockChunk;
  #section: Section = PRELUDE;
  /** Bytes of the current section that have not arrived. */
  #left = PRELUDE_LENGTH;
  /** The beginning of a section that spans several buffers. */
  readonly #held = new BoundedBuffer();
  #payloadLength = 0;
  #payload: "skipped" | "held" | "picked" | "wrapped" = "skipped";
  #event: string | undefined;

  constructor(shape: Shape, sink: FrameSink) {
    this.#sink = sink;
    this.#picker = new JsonPicker(shape, (document) => sink.document(document, this.#event));
    this.#wrapped = new BedrockChunk(shape, sink);
  }

  push(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && this.#section !== LOST) {
      const end = Math.min(to, at + this.#left);
      this.#left -= end - at;
      this.#take(bytes, at, end);
      at = end;
    }
  }

  end(): DocumentEnd {
    const between = this.#section === PRELUDE && this.#left === PRELUDE_LENGTH;
    // The documents found in a truncated frame are emitted as well.
    if (this.#section === PAYLOAD) this.#endPayload();
    this.#section = LOST;
    return between ? "complete" : "invalid";
  }

  /** Takes a piece of one section, up to the end of the section or of the buffer. */
  #take(bytes: Buffer, from: number, to: number): void {
    const isComplete = this.#left === 0;
    switch (this.#section) {
      case PRELUDE:
      case HEADERS:
        if (isComplete && this.#held.length === 0) return this.#read(bytes, from, to);
        if (!this.#held.append(bytes, from, to, MAX_HEADERS)) return this.#giveUp();
        if (!isComplete) return;
        // The next section may begin in the same call and uses the same buffer.
        return this.#readHeld();
      case PAYLOAD:
        this.#takePayload(bytes, from, to, isComplete);
        if (isComplete) this.#endPayload();
        return;
      case TRAILER:
        // The message checksum is not verified: the prelude's checksum finds lost boundaries, and the client's SDK
        // checks the rest.
        if (isComplete) this.#enter(PRELUDE, PRELUDE_LENGTH);
        return;
      case LOST:
    }
  }

  #readHeld(): void {
    const held = this.#held.view();
    this.#read(held, 0, held.length);
    this.#held.clear();
  }

  #read(bytes: Buffer, from: number, to: number): void {
    if (this.#section === PRELUDE) this.#readPrelude(bytes, from);
    else this.#readHeaders(bytes, from, to);
  }

  #readPrelude(bytes: Buffer, from: number): void {
    const total = bytes.readUInt32BE(from);
    const headers = bytes.readUInt32BE(from + 4);
    const payload = total - headers - FRAME_OVERHEAD;
    const possible = headers <= MAX_HEADERS && payload >= 0 && payload <= MAX_PAYLOAD;
    if (!possible || crc32(bytes.subarray(from, from + 8)) !== bytes.readUInt32BE(from + 8)) return this.#giveUp();
    this.#payloadLength = payload;
    if (headers > 0) return this.#enter(HEADERS, headers);
    this.#payload = "skipped";
    this.#enterPayload();
  }

  #readHeaders(bytes: Buffer, from: number, to: number): void {
    const headers = eventHeaders(bytes, from, to);
    if (headers === undefined) return this.#giveUp();
    this.#event = headers.event;
    this.#payload = this.#payloadKind(headers);
    // The headers of an exception or error contain all that the record needs.
    if (headers.failure !== undefined) this.#sink.document({ error: { type: headers.failure } }, undefined);
    this.#enterPayload();
  }

  #payloadKind(headers: AwsEventHeaders): "skipped" | "held" | "picked" | "wrapped" {
    if (headers.failure !== undefined || headers.event === undefined) return "skipped";
    if (headers.event === "chunk") {
      this.#wrapped.begin(this.#payloadLength);
      return "wrapped";
    }
    return this.#payloadLength > MAX_HELD ? "picked" : "held";
  }

  #enterPayload(): void {
    if (this.#payloadLength > 0) this.#enter(PAYLOAD, this.#payloadLength);
    else this.#enter(TRAILER, TRAILER_LENGTH);
  }

  #takePayload(bytes: Buffer, from: number, to: number, isComplete: boolean): void {
    switch (this.#payload) {
      case "skipped":
        return;
      case "wrapped":
        return this.#wrapped.push(bytes, from, to);
      case "picked":
        this.#sink.onDecoded?.(bytes, from, to);
        return this.#picker.push(bytes, from, to);
      case "held":
        this.#sink.onDecoded?.(bytes, from, to);
        if (isComplete && this.#held.length === 0) {
          if (this.#sink.wants(bytes, from, to)) this.#picker.push(bytes, from, to);
        } else {
          this.#held.append(bytes, from, to, MAX_HELD);
        }
    }
  }

  #endPayload(): void {
    if (this.#payload === "wrapped") this.#wrapped.end();
    else {
      const held = this.#held.view();
      if (held.length > 0 && this.#sink.wants(held, 0, held.length)) this.#picker.push(held, 0, held.length);
      this.#held.clear();
      if (this.#picker.end() === "invalid") this.#sink.invalid();
    }
    this.#enter(TRAILER, TRAILER_LENGTH);
  }

  #enter(section: Section, length: number): void {
    this.#section = section;
    this.#left = length;
  }

  #giveUp(): void {
    this.#section = LOST;
    this.#held.clear();
  }
}

const PRELUDE_LENGTH = 12;
const TRAILER_LENGTH = 4;
const FRAME_OVERHEAD = PRELUDE_LENGTH + TRAILER_LENGTH;
/** The limits that AWS documents for a message. */
const MAX_HEADERS = 128 * 1024;
const MAX_PAYLOAD = 16 * 1024 * 1024;
/** The largest payload that is held for `wants`; a larger one goes to the picker without being asked about. */
const MAX_HELD = 24 * 1024;

/** The section of the frame. Numbers, because they are compared for every piece. */
const PRELUDE = 0;
const HEADERS = 1;
const PAYLOAD = 2;
const TRAILER = 3;
const LOST = 4;
type Section = 0 | 1 | 2 | 3 | 4;
