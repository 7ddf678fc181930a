import { crc32 } from "node:zlib";

/** A message of an AWS event stream as Bedrock sends it, checksums included. */
export function messageFrame(headers: Readonly<Record<string, string>>, payload: string | Buffer): Buffer {
  const fields = Object.entries(headers).map(([name, value]) => stringHeader(name, value));
  return frameOf(Buffer.concat(fields), Buffer.from(payload));
}

export function frameOf(headers: Buffer, payload: Buffer): Buffer {
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(headers.length + payload.length + 16, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, headers, payload]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(message));
  return Buffer.concat([message, checksum]);
}

export function stringHeader(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)]);
}

/** An event with a JSON payload. */
export function eventFrame(type: string, payload: string): Buffer {
  return messageFrame({ ":event-type": type, ":content-type": "application/json", ":message-type": "event" }, payload);
}

/** The event of a vendor's stream, wrapped like those of the invoke operation. */
export function chunkFrame(document: string): Buffer {
  return eventFrame("chunk", JSON.stringify({ bytes: Buffer.from(document).toString("base64"), p: "abcdefgh" }));
}

export function exceptionFrame(type: string, payload: string): Buffer {
  return messageFrame(
    { ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" },
    payload,
  );
}

/** Encodes a stream given with one message per line: `[event] json`, `[chunk] json of the vendor`, `![exception] json`. */
export function framesOf(text: string): Buffer {
  const frames: Buffer[] = [];
  for (const line of text.split("\n")) {
    const [, exception, type, payload] = /^(!?)\[([\w-]+)\] ?(.*)$/.exec(line) ?? [];
    if (type === undefined || payload === undefined) continue;
    if (exception === "!") frames.push(exceptionFrame(type, payload));
    else frames.push(type === "chunk" ? chunkFrame(payload) : eventFrame(type, payload));
  }
  return Buffer.concat(frames);
}
