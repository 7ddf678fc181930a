/**
 * The least reading of HTTP/1.1 that a test needs, written apart from the gateway's own codec so that the two cannot be
 * wrong together. Bodies are kept as they came; `payload` is the body without its framing.
 */
export interface Message {
  /** The request or status line. */
  readonly start: string;
  /** The whole head, blank line included. */
  readonly head: string;
  /** Header lines as they came, `Name: value`. */
  readonly lines: readonly string[];
  /** Exactly the bytes after the head that belong to the message. */
  readonly body: Buffer;
  readonly payload: Buffer;
  /** Length of head and body on the wire. */
  readonly length: number;
}

/** How a message's body ends if its head does not say so itself. */
export type BodyRule = "by head" | "none" | "until close";

/** The first message in `bytes`, or undefined as long as it is incomplete. */
export function readMessage(bytes: Buffer, rule: BodyRule = "by head"): Message | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const head = bytes.toString("latin1", 0, end + 4);
  const [start = "", ...lines] = head.slice(0, -4).split("\r\n");
  const message = { start, head, lines };
  const rest = bytes.subarray(end + 4);
  const whole = (body: Buffer, payload: Buffer): Message => ({
    ...message,
    body,
    payload,
    length: end + 4 + body.length,
  });
  if (rule === "none") return whole(rest.subarray(0, 0), rest.subarray(0, 0));
  if (rule === "until close") return whole(rest, rest);
  if (fieldOf(message, "transfer-encoding")?.toLowerCase() === "chunked") {
    const chunked = readChunks(rest);
    return chunked && whole(rest.subarray(0, chunked.length), chunked.payload);
  }
  const length = Number(fieldOf(message, "content-length") ?? 0);
  if (rest.length < length) return undefined;
  return whole(rest.subarray(0, length), rest.subarray(0, length));
}

/** The value of the only field of that name. */
export function fieldOf(message: Pick<Message, "lines">, name: string): string | undefined {
  const found = message.lines.filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  if (found.length > 1) throw new Error(`more than one ${name}: ${found.join(" | ")}`);
  return found[0]?.slice(name.length + 1).trim();
}

export function statusOf(message: Message): number {
  return Number(message.start.split(" ")[1]);
}

function readChunks(bytes: Buffer): { readonly length: number; readonly payload: Buffer } | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (size === 0) {
      const blank = bytes.indexOf("\r\n\r\n", lineEnd);
      if (blank === -1) return undefined;
      return { length: blank + 4, payload: Buffer.concat(pieces) };
    }
    const dataEnd = lineEnd + 2 + size;
    if (bytes.length < dataEnd + 2) return undefined;
    pieces.push(bytes.subarray(lineEnd + 2, dataEnd));
    at = dataEnd + 2;
  }
}
