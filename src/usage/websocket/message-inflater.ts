import zlib from "node:zlib";
import { type DecodedSink, type DecodeFailure, MAX_PIECE, ZlibDecoder, NO_BUFFER } from "../decode/zlib-decoder.ts";

/**
 * Inflates the messages of one direction of a WebSocket (RFC 7692 section 7.2.2). Unless both sides negotiated
 * otherwise, messages refer to earlier ones, so none can be skipped.
 */
export class MessageInflater {
  readonly #windowBits: number;
  readonly #takeover: boolean;
  readonly #take: DecodedSink;
  #native: ZlibDecoder | undefined;
  #output: Buffer | undefined;
  /** The compressed data of the current message has ended; the rest of the message is ignored. */
  #ended = false;
  #receivedBytes = 0;
  #outputBytes = 0;

  /** The buffer that `emit` gets is overwritten afterwards. */
  constructor(windowBits: number, takeover: boolean, emit: (bytes: Buffer) => void) {
    // zlib has no raw window of 256 bytes; the next larger one reads the same data.
    this.#windowBits = Math.max(9, windowBits);
    this.#takeover = takeover;
    this.#take = (bytes) => {
      this.#outputBytes += bytes.length;
      if (this.#outputBytes > FREE_OUTPUT + MAX_RATIO * this.#receivedBytes) return "too_large";
      emit(bytes);
      return undefined;
    };
  }

  write(bytes: Buffer): DecodeFailure | undefined {
    this.#receivedBytes += bytes.length;
    return this.#inflate(bytes);
  }

  /** Ends a message: appends the four bytes that every sender removes. */
  end(): DecodeFailure | undefined {
    const failure = this.#inflate(TAIL);
    if (failure === undefined && (!this.#takeover || this.#ended)) this.#native?.reset();
    this.#ended = false;
    return failure;
  }

  close(): void {
    this.#native?.close();
    this.#native = undefined;
    this.#output = undefined;
  }

  #inflate(bytes: Buffer): DecodeFailure | undefined {
    if (bytes.length === 0 || this.#ended) return undefined;
    this.#native ??= this.#open();
    this.#output ??= Buffer.allocUnsafe(MAX_PIECE);
    const failure = this.#native.write(bytes, this.#output, this.#take);
    this.#ended = this.#native.ended;
    return failure;
  }

  #open(): ZlibDecoder {
    const stream = zlib.createInflateRaw({ ...NO_BUFFER, windowBits: this.#windowBits });
    return new ZlibDecoder(stream, zlib.constants.Z_SYNC_FLUSH);
  }
}

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
/**
 * The limits for one session: a fixed amount of output, plus this many times the bytes received. Silence compresses a
 * thousandfold.
 */
const FREE_OUTPUT = 16 * 1024 * 1024;
const MAX_RATIO = 100;
