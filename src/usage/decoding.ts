import { type Coding, codingsOf, Decoder } from "./decode.ts";
import type { DecodedSink, DecodeFault } from "./native-decoder.ts";

/** Undoes all codings of a body, the last one applied first. */
export interface Decoding {
  write(bytes: Buffer): DecodeFault | undefined;
  close(): void;
}

/** `undefined`: the codings are not known to us, or too many. */
export function openDecoding(contentEncoding: string | undefined, emit: DecodedSink): Decoding | undefined {
  if (contentEncoding === undefined) return { write: emit, close: () => {} };
  const codings = codingsOf(contentEncoding);
  return codings === undefined ? undefined : chain(codings, emit);
}

function chain(codings: readonly Coding[], emit: DecodedSink): Decoding {
  const allowance = { wireBytes: 0 };
  const decoders: Decoder[] = [];
  let write = emit;
  for (const coding of codings) {
    const decoder = new Decoder(coding, allowance, write);
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
