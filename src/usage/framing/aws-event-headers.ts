/** The headers of one event-stream message that tell what its payload is. */
export interface AwsEventHeaders {
  /** The event type; `undefined` if the message is not an event. */
  readonly event: string | undefined;
  /** The type or code of an exception or error. */
  readonly failure: string | undefined;
}

/** Reads the headers in the bytes from `from` to `to`; `undefined` if they are malformed. */
export function eventHeaders(bytes: Buffer, from: number, to: number): AwsEventHeaders | undefined {
  let messageType: string | undefined;
  let event: string | undefined;
  let failure: string | undefined;
  let at = from;
  while (at < to) {
    const name = at + 1;
    const type = name + (bytes[at] ?? 0);
    if (type >= to) return undefined;
    const kind = bytes[type] ?? 0;
    const value = valueStart(kind, type + 1);
    const end = valueEnd(bytes, kind, type + 1, to);
    if (end === MALFORMED) return undefined;
    if (kind === STRING && bytes[name] === COLON) {
      if (isNamed(bytes, name, type, MESSAGE_TYPE)) messageType = text(bytes, value, end);
      else if (isNamed(bytes, name, type, EVENT_TYPE)) event = text(bytes, value, end);
      else if (isNamed(bytes, name, type, EXCEPTION_TYPE) || isNamed(bytes, name, type, ERROR_CODE)) {
        failure = text(bytes, value, end);
      }
    }
    at = end;
  }
  if (messageType === "exception" || messageType === "error")
    return { event: undefined, failure: failure ?? messageType };
  return { event, failure: undefined };
}

/** A length precedes the value of bytes and strings. */
function valueStart(kind: number, at: number): number {
  return kind === BYTES || kind === STRING ? at + 2 : at;
}

function valueEnd(bytes: Buffer, kind: number, at: number, to: number): number {
  const length = kind < LENGTHS.length ? (LENGTHS[kind] ?? MALFORMED) : MALFORMED;
  if (length !== PREFIXED) return length === MALFORMED || at + length > to ? MALFORMED : at + length;
  if (at + 2 > to) return MALFORMED;
  const end = at + 2 + bytes.readUInt16BE(at);
  return end > to ? MALFORMED : end;
}

function isNamed(bytes: Buffer, from: number, to: number, name: Buffer): boolean {
  if (to - from !== name.length) return false;
  for (let at = 0; at < name.length; at++) if (bytes[from + at] !== name[at]) return false;
  return true;
}

/** Event and exception types are single words; a longer text is not one of them. */
function text(bytes: Buffer, from: number, to: number): string {
  return bytes.toString("latin1", from, Math.min(to, from + MAX_TEXT));
}

const MAX_TEXT = 128;
const MALFORMED = -1;
const PREFIXED = -2;
/** The value lengths of: true, false, byte, short, integer, long, bytes, string, timestamp, UUID. */
const LENGTHS: readonly number[] = [0, 0, 1, 2, 4, 8, PREFIXED, PREFIXED, 8, 16];
const BYTES = 6;
const STRING = 7;
const COLON = 0x3a;
const MESSAGE_TYPE = Buffer.from(":message-type");
const EVENT_TYPE = Buffer.from(":event-type");
const EXCEPTION_TYPE = Buffer.from(":exception-type");
const ERROR_CODE = Buffer.from(":error-code");
