import { type Coding, codingsOf, Decoder } from "./decode.ts";
import type { DecodedSink, DecodeFault } from "./zlib-decoder.ts";
import type { DecoderPool } from "./decoder-pool.ts";

/** Undoes all codings of a body, the last one applied first. */
export interface Decoding {
  write(bytes: Buffer): DecodeFault | undefined;
  close(): void;
}

/** `undefined`: the codings are not known to us, or too many. */
export function openDecoding(
  contentEncoding: string | undefined,
  spares: DecoderPool,
  emit: DecodedSink,
): Decoding | undefined {
  if (contentEncoding === undefined) return { write: emit, close: () => {} };
  const codings = codingsOf(contentEncoding);
  return codings === undefined ? undefined : chain(codings, spares, emit);
}

function chain(codings: readonly Coding[], spares: DecoderPool, emit: DecodedSink): Decoding {
  const allowance = { wireBytes: 0 };
  const decoders: Decoder[] = [];
  let write = emit;
  for (const coding of codings) {
    const decoder = new Decoder(coding, spares, allowance, write);
    decoders.push(decoder);
    write = (bytes) => decoder.write(bytes);
  }
  const undo = write;
  return {
    write: (bytes) => {
      allowance.wireBytes += bytes.length;
      return undo(bytes);
    },
    close: () => {
      for (const decoder of decoders) decoder.close();
    },
  };
}
