import zlib from "node:zlib";
import { ZlibDecoder, NO_BUFFER } from "./zlib-decoder.ts";

export type DecoderKind = "gzip" | "zlib" | "deflate" | "br" | "zstd";

/**
 * Idle decoders between two bodies. Creating one costs several times as much as inflating a small response, so decoders
 * of the common kinds are reset and used again.
 */
export class DecoderPool {
  readonly #idle: Readonly<Record<ReusedKind, ZlibDecoder[]>> = { gzip: [], zlib: [], deflate: [] };

  take(kind: DecoderKind): ZlibDecoder {
    const idle = isReused(kind) ? this.#idle[kind].pop() : undefined;
    return idle ?? new ZlibDecoder(create(kind), FLUSH[kind]);
  }

  /** Takes a decoder back. A broken one is closed. */
  release(kind: DecoderKind, decoder: ZlibDecoder): void {
    if (!isReused(kind) || decoder.broken || this.#idle[kind].length >= MAX_IDLE) {
      decoder.close();
      return;
    }
    decoder.reset();
    this.#idle[kind].push(decoder);
  }
}

/** The other kinds create a new native decoder at each reset, so keeping them gains nothing. */
type ReusedKind = "gzip" | "zlib" | "deflate";

function isReused(kind: DecoderKind): kind is ReusedKind {
  return kind === "gzip" || kind === "zlib" || kind === "deflate";
}

function create(kind: DecoderKind): object {
  switch (kind) {
    case "gzip":
      return zlib.createGunzip(NO_BUFFER);
    case "zlib":
      return zlib.createInflate(NO_BUFFER);
    case "deflate":
      return zlib.createInflateRaw(NO_BUFFER);
    case "br":
      return zlib.createBrotliDecompress(NO_BUFFER);
    case "zstd":
      // RFC 9659 limits the window of content coding to 8 MB. Without the limit a header alone could allocate more.
      return zlib.createZstdDecompress({ ...NO_BUFFER, params: { [zlib.constants.ZSTD_d_windowLogMax]: 23 } });
  }
}

const FLUSH: Readonly<Record<DecoderKind, number>> = {
  gzip: zlib.constants.Z_SYNC_FLUSH,
  zlib: zlib.constants.Z_SYNC_FLUSH,
  deflate: zlib.constants.Z_SYNC_FLUSH,
  br: zlib.constants.BROTLI_OPERATION_FLUSH,
  zstd: zlib.constants.ZSTD_e_flush,
};

/** The limit for each kind. A decoder occupies about 40 KB. */
const MAX_IDLE = 16;
