/** `stopped`: whoever takes the decoded bytes wants no more of them. */
export type DecodeFailure = "encoding" | "too_large" | "stopped";

/** Takes decoded bytes, which are overwritten afterwards; a failure stops the decoding. */
export type DecodedSink = (bytes: Buffer) => DecodeFailure | undefined;

/** Output handed on in one piece. */
export const MAX_PIECE = 16 * 1024;

/** What the makers of `node:zlib` need to be told: our own output buffer is used, and theirs would only cost memory. */
export const NO_BUFFER = { chunkSize: 64 };

/**
 * A decoder of `node:zlib`, driven synchronously and giving out at once whatever the bytes so far amount to. Not through its
 * stream: that works on the thread pool, which name look-ups share and hung disk calls can fill, queues without a bound when
 * it falls behind, and costs several times as much on a small body. What it is made of, the native handle with its
 * `writeSync`, is what `gunzipSync` and its kin call and what npm's own tar reader has leaned on for years; should a version
 * of Node lack it, the result is a reading without usage, not a failed call.
 */
export class ZlibDecoder {
  /** The compressed data ended by itself at the last write. */
  ended = false;
  /** It met a failure: nothing more can be had from it. */
  get broken(): boolean {
    return this.#stream.destroyed;
  }
  readonly #stream: ZlibStream;
  readonly #flush: number;

  /** `flush` makes this kind of decoder give out all that it has. */
  constructor(stream: object, flush: number) {
    // Reason for the cast: the two members of ZlibStream that its types leave out.
    this.#stream = stream as ZlibStream;
    this.#flush = flush;
    // A failure is seen at once in `destroyed`; the event that follows it must only find a listener.
    this.#stream.on("error", () => {});
  }

  /** Hands what the bytes amount to on in pieces that lie in `output`. */
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

      // A zstd decoder stops after every frame, so going round again is also how the next frame begins. Without progress
      // the compressed data has ended, and what follows it is not ours to readingStateOf.
      this.ended = rest === left && length === 0;
      left = rest;
      if (this.ended || (left === 0 && room > 0)) return undefined;
    }
  }

  /** Forgets what came before. */
  reset(): void {
    this.#stream.reset();
  }

  close(): void {
    this.#stream.close();
  }
}

/** The parts of a `node:zlib` decoder that are used here; the underscored ones are not in its types. */
interface ZlibStream {
  readonly _handle?: {
    writeSync(flush: number, input: Buffer, at: number, length: number, output: Buffer, to: number, room: number): void;
  };
  /** Room left in the output, input left over. */
  readonly _writeState: Uint32Array;
  readonly destroyed: boolean;
  on(event: "error", listener: () => void): unknown;
  reset(): void;
  close(): void;
}
