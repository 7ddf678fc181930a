/** `stopped`: the consumer wants no more decoded bytes. */
export type DecodeFailure = "encoding" | "too_large" | "stopped";

/** Takes decoded bytes, which are overwritten afterwards. A failure stops the decoding. */
export type DecodedSink = (bytes: Buffer) => DecodeFailure | undefined;

/** The largest piece of output. */
export const MAX_PIECE = 16 * 1024;

/** Options for the constructors of `node:zlib`. LMGate uses its own output buffer, so theirs is kept small. */
export const NO_BUFFER = { chunkSize: 64 };

/**
 * Drives a decoder of `node:zlib` synchronously, so that every write emits all the output it can. The stream interface
 * is not used: it works on the thread pool, which DNS look-ups share and hung disk operations can fill, it queues
 * without a bound when it falls behind, and it costs several times as much for a small body. The native handle's
 * `writeSync` is what `gunzipSync` uses and what npm's own tar reader has relied on for years. If a version of Node
 * lacks it, the result is a reading without usage, not a failed request.
 */
export class ZlibDecoder {
  /** The last write reached the end of the compressed data. */
  ended = false;
  /** True after a failure: the decoder emits nothing more. */
  get broken(): boolean {
    return this.#stream.destroyed;
  }
  readonly #stream: ZlibStream;
  readonly #flush: number;

  /** `flush` is the zlib constant that makes this kind of decoder emit all its output. */
  constructor(stream: object, flush: number) {
    // Reason for the cast: the types of `node:zlib` omit two members of ZlibStream.
    this.#stream = stream as ZlibStream;
    this.#flush = flush;
    // `destroyed` shows a failure at once, but an `error` event without a listener would end the process.
    this.#stream.on("error", () => {});
  }

  /** Emits the decoded bytes in pieces that lie in `output`. */
  write(bytes: Buffer, output: Buffer, emit: DecodedSink): DecodeFailure | undefined {
    const stream = this.#stream;
    if (stream._handle?.writeSync === undefined) return "encoding";
    let left = bytes.length;
    for (;;) {
      stream._handle.writeSync(this.#flush, bytes, bytes.length - left, left, output, 0, output.length);
      if (stream.destroyed) return "encoding";

      const [room = 0, rest = 0] = stream._writeState;
      const length = output.length - room;
      const failure = length > 0 ? emit(output.subarray(0, length)) : undefined;
      if (failure !== undefined) return failure;

      // A zstd decoder stops after every frame, and the next turn of the loop begins the next frame. Without progress
      // the compressed data has ended, and bytes after it are ignored. A write without input, after a piece that filled the
      // output exactly, makes no progress either and says nothing about the end.
      this.ended = left > 0 && rest === left && length === 0;
      left = rest;
      if (this.ended || (left === 0 && room > 0)) return undefined;
    }
  }

  reset(): void {
    this.#stream.reset();
  }

  close(): void {
    this.#stream.close();
  }
}

/** The parts of a `node:zlib` decoder used here. The underscored members are not in its types. */
interface ZlibStream {
  readonly _handle?: {
    writeSync(flush: number, input: Buffer, at: number, length: number, output: Buffer, to: number, room: number): void;
  };
  /** The room left in the output, then the input not consumed. */
  readonly _writeState: Uint32Array;
  readonly destroyed: boolean;
  on(event: "error", listener: () => void): unknown;
  reset(): void;
  close(): void;
}
