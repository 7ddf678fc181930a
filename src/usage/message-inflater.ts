import zlib from "node:zlib";
import type { DecodeFault, NativeDecoder } from "./decode.ts";

/**
 * Inflates the messages of one direction of a WebSocket (RFC 7692 section 7.2.2), synchronously and for the same reasons as
 * `decode.ts`. Messages lean on the ones before them unless the sides agreed otherwise, so none can be left out.
 */
export class MessageInflater {
  readonly #windowBits: number;
  readonly #takeover: boolean;
  readonly #emit: (bytes: Buffer) => void;
  #stream: Inflater | undefined;
  #output: Buffer | undefined;
  /** The compressed data of the current message ended by itself; what follows up to its last piece says nothing. */
  #ended = false;
  #wire = 0;
  #given = 0;

  /** What is handed to `emit` is overwritten afterwards. */
  constructor(windowBits: number, takeover: boolean, emit: (bytes: Buffer) => void) {
    // zlib knows no raw window of 256 bytes, and the next larger one reads the same.
    this.#windowBits = Math.max(9, windowBits);
    this.#takeover = takeover;
    this.#emit = emit;
  }

  write(bytes: Buffer): DecodeFault | undefined {
    this.#wire += bytes.length;
    return this.#inflate(bytes);
  }

  /** The message is complete: the four bytes that every sender leaves out are put back. */
  end(): DecodeFault | undefined {
    const fault = this.#inflate(TAIL);
    if (fault === undefined && (!this.#takeover || this.#ended)) this.#stream?.reset();
    this.#ended = false;
    return fault;
  }

  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#output = undefined;
  }

  #inflate(bytes: Buffer): DecodeFault | undefined {
    if (bytes.length === 0 || this.#ended) return undefined;
    const stream = (this.#stream ??= open(this.#windowBits));
    if (stream._handle?.writeSync === undefined) return "encoding";
    const output = (this.#output ??= Buffer.allocUnsafe(MAX_PIECE));

    const limit = FREE_OUTPUT + MAX_RATIO * this.#wire;
    let left = bytes.length;
    for (;;) {
      stream._handle.writeSync(zlib.constants.Z_SYNC_FLUSH, bytes, bytes.length - left, left, output, 0, MAX_PIECE);
      if (stream.destroyed) return "encoding";

      const [room = 0, rest = 0] = stream._writeState;
      const length = MAX_PIECE - room;
      this.#given += length;
      if (this.#given > limit) return "too_large";
      if (length > 0) this.#emit(output.subarray(0, length));
      this.#ended = rest === left && length === 0;
      left = rest;
      if (this.#ended || (left === 0 && room > 0)) return undefined;
    }
  }
}

interface Inflater extends NativeDecoder {
  reset(): void;
}

function open(windowBits: number): Inflater {
  // Reason for the cast: the members named in NativeDecoder that the types leave out.
  const stream = zlib.createInflateRaw({ windowBits, chunkSize: 64 }) as unknown as Inflater;
  // A fault is seen at once in `destroyed`; the event that follows it must only find a listener.
  stream.on("error", () => {});
  return stream;
}

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
/** Output handed on in one piece. */
const MAX_PIECE = 16 * 1024;
/** What a bomb may cost in one session beyond this many times what it sent; silence compresses a thousandfold. */
const FREE_OUTPUT = 16 * 1024 * 1024;
const MAX_RATIO = 100;
