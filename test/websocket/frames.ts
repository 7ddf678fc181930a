/** Encodes WebSocket frames of either side, plain, in fragments or compressed. */
import zlib from "node:zlib";

export type Side = "client" | "server";

export interface FrameOptions {
  readonly opcode?: number;
  readonly final?: boolean;
  readonly compressed?: boolean;
}

const MASK = Buffer.of(0x11, 0x9e, 0x5c, 0xf0);

export const TEXT = 0x1;
export const BINARY = 0x2;
const CONTINUATION = 0x0;
const CLOSE = 0x8;
const PING = 0x9;

export function frame(side: Side, payload: string | Buffer, options: FrameOptions = {}): Buffer {
  const { opcode = TEXT, final = true, compressed = false } = options;
  const body = Buffer.from(payload);
  const head = Buffer.alloc(body.length < 126 ? 2 : body.length < 65_536 ? 4 : 10);
  head[0] = (final ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode;
  const masked = side === "client" ? 0x80 : 0;
  if (head.length === 2) head[1] = masked | body.length;
  else if (head.length === 4) {
    head[1] = masked | 126;
    head.writeUInt16BE(body.length, 2);
  } else {
    head[1] = masked | 127;
    head.writeBigUInt64BE(BigInt(body.length), 2);
  }
  if (side === "server") return Buffer.concat([head, body]);
  return Buffer.concat([head, MASK, body.map((byte, at) => byte ^ (MASK[at % 4] ?? 0))]);
}

/** Encodes the message in `count` frames, with a ping before each except the first. */
export function fragments(side: Side, payload: string | Buffer, count: number, options: FrameOptions = {}): Buffer {
  const body = Buffer.from(payload);
  const size = Math.ceil(body.length / count);
  const frames: Buffer[] = [];
  for (let at = 0; at < count; at++) {
    const { opcode = TEXT, compressed = false } = options;
    const first = at === 0 ? { opcode, compressed } : { opcode: CONTINUATION };
    if (at > 0) frames.push(frame(side, "are you there", { opcode: PING }));
    frames.push(frame(side, body.subarray(at * size, (at + 1) * size), { ...first, final: at === count - 1 }));
  }
  return Buffer.concat(frames);
}

export function closeFrame(side: Side, code: number, reason = ""): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(side, Buffer.concat([payload, Buffer.from(reason)]), { opcode: CLOSE });
}

/** Compresses messages (RFC 7692 section 7.2.1), with or without context takeover. */
export class Deflater {
  readonly #takeover: boolean;
  #stream: zlib.DeflateRaw;

  constructor(takeover: boolean) {
    this.#takeover = takeover;
    this.#stream = zlib.createDeflateRaw();
  }

  async deflate(message: string | Buffer): Promise<Buffer> {
    if (!this.#takeover) this.#stream = zlib.createDeflateRaw();
    const stream = this.#stream;
    const pieces: Buffer[] = [];
    const collect = (piece: Buffer): void => void pieces.push(piece);
    stream.on("data", collect);
    stream.write(message);
    await new Promise<void>((resolve) => stream.flush(zlib.constants.Z_SYNC_FLUSH, resolve));
    stream.off("data", collect);
    const whole = Buffer.concat(pieces);
    return whole.subarray(0, whole.length - 4);
  }
}
