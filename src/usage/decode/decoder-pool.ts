import zlib from "node:zlib";
import { ZlibDecoder, NO_BUFFER } from "./zlib-decoder.ts";

export type DecoderKind = "gzip" | "zlib" | "deflate" | "br" | "zstd";

/**
 * Decoders between two bodies. Making one costs several times what it takes to inflate a small answer, so those of the
 * kinds that nearly all answers come in are used again, each from its beginning.
 */
export class DecoderPool {
  readonly #idle: Readonly<Record<ReusedKind, ZlibDecoder[]>> = { gzip: [], zlib: [], deflate: [] };

  take(kind: DecoderKind): ZlibDecoder {
    const idle = isReused(kind) ? this.#idle[kind].pop() : undefined;
    return idle ?? new ZlibDecoder(create(kind), FLUSH[kind]);
  }

  /** One that met a failure must not come back. */
  release(kind: DecoderKind, decoder: ZlibDecoder): void {
    if (!isReused(kind) || decoder.broken || this.#idle[kind].length >= MAX_IDLE) {
      decoder.close();
      return;
    }
    decoder.reset();
    this.#idle[kind].push(decoder);
  }
}

/** The others make themselves anew at a reset, which gains nothing. */
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
      // RFC 9659: a window above 8 MB is not for content coding, and would be allocated on the word of a header.
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

/** Of each kind; a decoder holds some forty kilobytes. */
const MAX_IDLE = 16;
