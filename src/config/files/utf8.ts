import { isUtf8 } from "node:buffer";

export type Decoded = { readonly text: string } | { readonly line: number; readonly message: string };

/** Decodes a configuration file, or says why it is not text. A byte order mark is dropped. */
export function decodeUtf8(bytes: Uint8Array): Decoded {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if ((buffer[0] === 0xff && buffer[1] === 0xfe) || (buffer[0] === 0xfe && buffer[1] === 0xff)) {
    return { line: 1, message: "the file is UTF-16; save it as UTF-8" };
  }
  const nul = buffer.indexOf(0);
  if (nul !== -1) return { line: lineAt(buffer, nul), message: "the file contains NUL bytes; it is not text" };
  const text = buffer.toString("utf8");
  if (!isUtf8(buffer)) {
    const bad = Buffer.byteLength(text.slice(0, Math.max(0, text.indexOf("\ufffd"))));
    return { line: lineAt(buffer, bad), message: "the file is not valid UTF-8" };
  }
  return { text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text };
}

function lineAt(buffer: Buffer, end: number): number {
  let line = 1;
  for (let at = buffer.indexOf(10); at !== -1 && at < end; at = buffer.indexOf(10, at + 1)) line += 1;
  return line;
}
